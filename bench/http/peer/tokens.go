// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

type claims struct {
	Iss string `json:"iss"`
	Aud string `json:"aud"`
	Sub string `json:"sub"`
	Sid string `json:"sid"`
	Iat int64  `json:"iat"`
	Exp int64  `json:"exp"`
}

// tokens verifies EdDSA-signed JWTs by the keys of a JWK set.
type tokens struct {
	keys   map[string]ed25519.PublicKey
	issuer string
}

func newTokens(jwks []byte, issuer string) (tokens, error) {
	var set struct {
		Keys []struct{ Kid, X string }
	}
	if err := json.Unmarshal(jwks, &set); err != nil {
		return tokens{}, err
	}
	t := tokens{keys: map[string]ed25519.PublicKey{}, issuer: issuer}
	for _, key := range set.Keys {
		public, err := base64.RawURLEncoding.DecodeString(key.X)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return tokens{}, fmt.Errorf("key %s is no Ed25519 key", key.Kid)
		}
		t.keys[key.Kid] = public
	}
	return t, nil
}

func (t tokens) verify(authorization string, now time.Time) (claims, bool) {
	const clockSkew = 5
	var header struct{ Alg, Typ, Kid string }
	var c claims
	token, isBearer := strings.CutPrefix(authorization, "Bearer ")
	parts := strings.Split(token, ".")
	if !isBearer || len(parts) != 3 || !decode(parts[0], &header) || header.Alg != "EdDSA" {
		return c, false
	}
	key, known := t.keys[header.Kid]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	signed := token[:len(token)-len(parts[2])-1]
	if !known || err != nil || !ed25519.Verify(key, []byte(signed), signature) {
		return c, false
	}
	if !decode(parts[1], &c) || c.Iss != t.issuer || c.Aud != "stoa" {
		return c, false
	}
	return c, c.Iat <= now.Unix()+clockSkew && now.Unix() < c.Exp
}

func decode(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
