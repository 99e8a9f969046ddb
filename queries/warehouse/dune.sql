-- Blocks, transactions and logs of a time range, from Dune's tables of Ethereum (Trino).
-- Save each statement's result as blocks, transactions and logs (.csv or .parquet); see README.md of this folder.
-- Parameters: {{first}} and {{last}}, date and time in UTC, both included.

-- blocks
SELECT
  number AS block_number,
  '0x' || LOWER(TO_HEX(hash)) AS block_hash,
  CAST(TO_UNIXTIME(time) AS BIGINT) AS timestamp
FROM ethereum.blocks
WHERE time BETWEEN TIMESTAMP '{{first}}' AND TIMESTAMP '{{last}}'
ORDER BY block_number;

-- transactions
SELECT
  block_number,
  "index" AS transaction_index,
  '0x' || LOWER(TO_HEX(hash)) AS transaction_hash,
  nonce,
  '0x' || LOWER(TO_HEX("from")) AS from_address,
  '0x' || LOWER(TO_HEX("to")) AS to_address,
  CAST(value AS VARCHAR) AS value,
  '0x' || LOWER(TO_HEX(data)) AS input,
  CASE type
    WHEN 'Legacy' THEN 0
    WHEN 'AccessList' THEN 1
    WHEN 'DynamicFee' THEN 2
    WHEN 'Blob' THEN 3
    WHEN 'SetCode' THEN 4
  END AS transaction_type,
  success,
  gas_used
FROM ethereum.transactions
WHERE block_time BETWEEN TIMESTAMP '{{first}}' AND TIMESTAMP '{{last}}'
ORDER BY block_number, transaction_index;

-- logs: Transfer, Approval, ApprovalForAll, TransferSingle, TransferBatch; Permit2's Approval, Permit and
-- Lockdown; UserOperationEvent of ERC-4337; what a Safe executed, or a module of it
SELECT
  block_number,
  '0x' || LOWER(TO_HEX(block_hash)) AS block_hash,
  tx_index AS transaction_index,
  "index" AS log_index,
  '0x' || LOWER(TO_HEX(tx_hash)) AS transaction_hash,
  '0x' || LOWER(TO_HEX(contract_address)) AS address,
  '0x' || LOWER(TO_HEX(topic0)) AS topic0,
  '0x' || LOWER(TO_HEX(topic1)) AS topic1,
  '0x' || LOWER(TO_HEX(topic2)) AS topic2,
  '0x' || LOWER(TO_HEX(topic3)) AS topic3,
  '0x' || LOWER(TO_HEX(data)) AS data
FROM ethereum.logs
WHERE block_time BETWEEN TIMESTAMP '{{first}}' AND TIMESTAMP '{{last}}'
  AND LOWER(TO_HEX(topic0)) IN (
    'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
    '8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
    '17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
    'c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
    '4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
    'da9fa7c1b00402c17d0161b249b1ab8bbec047c5a52207b9c112deffd817036b',
    'c6a377bfc4eb120024a8ac08eef205be16b817020812c73223e81d1bdb9708ec',
    '89b1add15eff56b3dfe299ad94e01f2b52fbcb80ae1a3baea6ae8c04cb2b98a4',
    '49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f',
    '442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e',
    '23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23',
    '6895c13664aa4f67288b25d7a21d7aaa34916e355fb9b6fae0a139a9085becb8',
    'acd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd375'
  )
ORDER BY block_number, log_index;
