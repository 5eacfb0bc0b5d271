-- A session is a family of refresh tokens; it ends when the youngest of them does.
INSERT INTO sessions (id, user_id, wallet_address, device, remote_address, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
