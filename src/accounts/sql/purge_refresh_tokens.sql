-- An expired token's second use need no longer be recognised; in bounded steps.
DELETE FROM refresh_tokens WHERE token_sha256 IN (
    SELECT token_sha256 FROM refresh_tokens WHERE expires_at < now() LIMIT $1)
