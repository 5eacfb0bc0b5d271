COPY clear.sealed (id, sealed_text, lexemes) FROM STDIN (FORMAT binary)
