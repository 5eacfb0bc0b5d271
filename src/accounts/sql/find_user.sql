-- A person as others see them.
SELECT u.id, u.name, u.username, u.wallet_address, u.role, u.bio, u.reputation_score, u.total_xp,
       coalesce(l.level, 1) AS level, l.name AS level_name, u.profile_nft_mint, u.created_at
FROM users u LEFT JOIN user_levels l ON l.id = u.level_id
WHERE u.id = $1
