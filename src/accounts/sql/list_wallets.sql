-- In the order of linking.
SELECT address FROM wallets WHERE user_id = $1 ORDER BY linked_at, address
