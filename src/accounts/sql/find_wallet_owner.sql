-- Whoever linked the wallet, be it their primary one or not.
SELECT user_id FROM wallets WHERE address = $1
