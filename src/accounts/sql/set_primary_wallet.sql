-- Once the primary wallet is unlinked, the one linked first of the others takes its place.
UPDATE users SET wallet_address = w.address, updated_at = now()
FROM (SELECT address FROM wallets WHERE user_id = $1 ORDER BY linked_at, address LIMIT 1) AS w
WHERE users.id = $1
  AND NOT EXISTS (SELECT FROM wallets WHERE user_id = $1 AND address = users.wallet_address)
