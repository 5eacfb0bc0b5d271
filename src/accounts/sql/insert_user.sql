-- The first sign-in of a wallet makes its user, at the first level.
WITH person AS (
    INSERT INTO users (id, auth_provider, wallet_address, wallet_verified, level_id)
    VALUES ($1, 'solana', $2, true, (SELECT id FROM user_levels WHERE level = 1))
    RETURNING id
)
INSERT INTO wallets (address, user_id) SELECT $2, id FROM person
