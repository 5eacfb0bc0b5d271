-- For good; no row if somebody was quicker.
DELETE FROM highlights WHERE id = $1
