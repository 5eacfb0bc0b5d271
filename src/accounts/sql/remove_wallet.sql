-- Only the owner's; the caller makes sure that one is left.
DELETE FROM wallets WHERE address = $1 AND user_id = $2
