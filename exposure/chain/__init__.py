"""A public RPC or exported files -> blocks, transactions, transfers, approvals, delegations, balances, allowances."""
