-- Kept until it expires, so that a second use is recognised.
UPDATE refresh_tokens SET used_at = now() WHERE token_sha256 = $1
