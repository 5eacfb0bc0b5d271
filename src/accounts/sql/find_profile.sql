-- A person as they see themselves.
SELECT u.id, u.name, u.username, u.wallet_address,
       ARRAY(SELECT w.address FROM wallets w WHERE w.user_id = u.id
             ORDER BY w.linked_at, w.address) AS wallets,
       u.role, u.bio, u.reputation_score, u.total_xp, coalesce(l.level, 1) AS level,
       l.name AS level_name, u.profile_nft_mint, u.created_at, u.updated_at
FROM users u LEFT JOIN user_levels l ON l.id = u.level_id
WHERE u.id = $1
