-- The live ones, last used first; opening one keeps their number bounded.
SELECT id, device, remote_address, wallet_address, created_at, last_used_at, expires_at,
       id = $2 AS is_current
FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()
ORDER BY last_used_at DESC, id DESC
