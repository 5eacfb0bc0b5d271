-- Who unlinks a wallet no longer trusts it: what it opened ends.
UPDATE sessions SET revoked_at = now(), revoked_reason = 'wallet_unlinked'
WHERE user_id = $1 AND wallet_address = $2 AND revoked_at IS NULL
