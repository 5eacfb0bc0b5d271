-- Two changes of one highlight come one after the other, so that its rooms hear of both in order.
SELECT id FROM highlights WHERE id = $1 FOR UPDATE
