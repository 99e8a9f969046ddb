-- Blocks, transactions and logs of a time range, from bigquery-public-data.crypto_ethereum.
-- Save each statement's result as blocks, transactions and logs (.csv or .parquet); see README.md of this folder.
-- Parameters: @first and @last, TIMESTAMP, both included.

-- blocks
SELECT
  number AS block_number,
  `hash` AS block_hash,
  UNIX_SECONDS(timestamp) AS timestamp
FROM `bigquery-public-data.crypto_ethereum.blocks`
WHERE timestamp BETWEEN @first AND @last
ORDER BY block_number;

-- transactions
SELECT
  block_number,
  transaction_index,
  `hash` AS transaction_hash,
  nonce,
  from_address,
  to_address,
  CAST(value AS STRING) AS value,
  input,
  transaction_type,
  receipt_status AS status,
  receipt_gas_used AS gas_used,
  receipt_contract_address AS contract_address
FROM `bigquery-public-data.crypto_ethereum.transactions`
WHERE block_timestamp BETWEEN @first AND @last
ORDER BY block_number, transaction_index;

-- logs: Transfer, Approval, ApprovalForAll, TransferSingle, TransferBatch; Permit2's Approval, Permit and
-- Lockdown; UserOperationEvent of ERC-4337; what a Safe executed, or a module of it
SELECT
  block_number,
  block_hash,
  transaction_index,
  log_index,
  transaction_hash,
  address,
  topics[SAFE_OFFSET(0)] AS topic0,
  topics[SAFE_OFFSET(1)] AS topic1,
  topics[SAFE_OFFSET(2)] AS topic2,
  topics[SAFE_OFFSET(3)] AS topic3,
  data
FROM `bigquery-public-data.crypto_ethereum.logs`
WHERE block_timestamp BETWEEN @first AND @last
  AND topics[SAFE_OFFSET(0)] IN (
    '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
    '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
    '0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
    '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
    '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
    '0xda9fa7c1b00402c17d0161b249b1ab8bbec047c5a52207b9c112deffd817036b',
    '0xc6a377bfc4eb120024a8ac08eef205be16b817020812c73223e81d1bdb9708ec',
    '0x89b1add15eff56b3dfe299ad94e01f2b52fbcb80ae1a3baea6ae8c04cb2b98a4',
    '0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f',
    '0x442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e',
    '0x23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23',
    '0x6895c13664aa4f67288b25d7a21d7aaa34916e355fb9b6fae0a139a9085becb8',
    '0xacd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd375'
  )
ORDER BY block_number, log_index;
