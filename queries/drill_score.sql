-- question: Of a drill: what became of those exposed, robbed and safe? Compares the verdicts with truth.parquet, which only drills have.
-- parameters: none
-- columns:
--   exposed      the attacker got its key or a signature (truth)
--   harmed       the attacker took something from it (truth)
--   verdict      what the program says; not listed: nothing at all
--   wallets      how many
--   in_logs      of those, how many stand in at least one line
SELECT
    truth.exposed,
    truth.harmed,
    COALESCE(wallets.verdict, 'not listed') AS verdict,
    COUNT(*) AS wallets,
    SUM(CASE WHEN truth.in_logs THEN 1 ELSE 0 END) AS in_logs
FROM truth
LEFT JOIN wallets ON truth.address = wallets.address
GROUP BY truth.exposed, truth.harmed, COALESCE(wallets.verdict, 'not listed')
ORDER BY truth.harmed DESC, truth.exposed DESC, verdict
