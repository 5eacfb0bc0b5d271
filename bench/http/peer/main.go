// SPDX-License-Identifier: Apache-2.0

// Command peer is GET /api/v1/rooms/{room_id}/messages as one writes it in Go: net/http, pgx,
// crypto/ed25519, encoding/json; the statements are read from Stoa's own files.
//
//	peer PORT CONNINFO JWKS ISSUER SQL_ROOT CONNECTIONS
package main

import (
	"context"
	"encoding/json"
	"log"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

type author struct {
	ID       string  `json:"id"`
	Name     *string `json:"name"`
	Username *string `json:"username"`
}

type message struct {
	ID            string          `json:"id"`
	RoomID        string          `json:"room_id"`
	Seq           int64           `json:"seq"`
	User          *author         `json:"user"`
	MessageType   string          `json:"message_type"`
	Content       string          `json:"content"`
	ReplyToID     *string         `json:"reply_to_id"`
	DocumentID    *string         `json:"document_id"`
	HighlightData json.RawMessage `json:"highlight_data"`
	Reactions     json.RawMessage `json:"reactions"`
	IsPinned      bool            `json:"is_pinned"`
	IsDeleted     bool            `json:"is_deleted"`
	NftMint       *string         `json:"nft_mint"`
	ClientMsgID   *string         `json:"client_msg_id"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

type page struct {
	Items      []message `json:"items"`
	NextCursor *string   `json:"next_cursor"`
}

type filter struct {
	before, after int64
	text          *string
	pinned        *bool
	limit         int
	oldestFirst   bool
}

type server struct {
	pool   *pgxpool.Pool
	tokens tokens

	findSession, touchSession, findAccess, listBefore, listAfter string
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	var room pgtype.UUID
	wanted, ok := parseFilter(r)
	if room.Scan(r.PathValue("room_id")) != nil || !ok {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	connection, err := s.pool.Acquire(r.Context())
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer connection.Release()
	user, status := s.authenticate(r, connection)
	if status == http.StatusOK {
		status = s.checkAccess(r.Context(), connection, room, user)
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	answer, err := s.read(r.Context(), connection, room, wanted)
	if err != nil {
		log.Print(err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		log.Print(err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func (s *server) authenticate(r *http.Request, connection *pgxpool.Conn) (pgtype.UUID, int) {
	var user, session, owner pgtype.UUID
	claims, ok := s.tokens.verify(r.Header.Get("Authorization"), time.Now())
	if !ok || user.Scan(claims.Sub) != nil || session.Scan(claims.Sid) != nil {
		return user, http.StatusUnauthorized
	}
	var isStale bool
	err := connection.QueryRow(r.Context(), s.findSession, session).Scan(&owner, &isStale)
	if err == pgx.ErrNoRows || err == nil && owner != user {
		return user, http.StatusUnauthorized
	}
	if err != nil {
		log.Print(err)
		return user, http.StatusServiceUnavailable
	}
	if isStale {
		// Only for the list of sessions: that it failed is no reason to refuse.
		_, _ = connection.Exec(r.Context(), s.touchSession, session)
	}
	return user, http.StatusOK
}

func (s *server) checkAccess(
	ctx context.Context, connection *pgxpool.Conn, room, user pgtype.UUID,
) int {
	var roomType string
	var role *string
	var isCreator *bool
	var isBanned, isPresent bool
	err := connection.QueryRow(ctx, s.findAccess, room, user).
		Scan(&roomType, &isCreator, &role, &isBanned, &isPresent, nil)
	switch {
	case err == pgx.ErrNoRows:
		return http.StatusNotFound
	case err != nil:
		log.Print(err)
		return http.StatusServiceUnavailable
	case isBanned || !isPresent:
		return http.StatusForbidden
	}
	return http.StatusOK
}

func (s *server) read(
	ctx context.Context, connection *pgxpool.Conn, room pgtype.UUID, wanted filter,
) (page, error) {
	query := s.listBefore
	if wanted.oldestFirst {
		query = s.listAfter
	}
	rows, err := connection.Query(ctx, query, room, wanted.before, wanted.after, wanted.text,
		wanted.pinned, wanted.limit+1)
	if err != nil {
		return page{}, err
	}
	defer rows.Close()
	answer := page{Items: make([]message, 0, wanted.limit+1)}
	for rows.Next() {
		var m message
		var user *string
		var name, username *string
		err := rows.Scan(&m.ID, &m.RoomID, &m.Seq, &user, &name, &username, &m.MessageType,
			&m.Content, &m.ReplyToID, &m.DocumentID, &m.HighlightData, &m.Reactions, &m.IsPinned,
			&m.IsDeleted, &m.NftMint, &m.ClientMsgID, &m.CreatedAt, &m.UpdatedAt, nil)
		if err != nil {
			return page{}, err
		}
		if user != nil {
			m.User = &author{*user, name, username}
		}
		m.CreatedAt, m.UpdatedAt = m.CreatedAt.UTC(), m.UpdatedAt.UTC()
		answer.Items = append(answer.Items, m)
	}
	if len(answer.Items) > wanted.limit {
		answer.Items = answer.Items[:wanted.limit]
		cursor := strconv.FormatInt(answer.Items[wanted.limit-1].Seq, 10)
		answer.NextCursor = &cursor
	}
	return answer, rows.Err()
}

func parseFilter(r *http.Request) (filter, bool) {
	wanted := filter{before: math.MaxInt64, after: -1, limit: 50}
	if r.URL.RawQuery == "" {
		return wanted, true
	}
	query := r.URL.Query()
	ok := true
	number := func(name string, into *int64) bool {
		if !query.Has(name) {
			return false
		}
		value, err := strconv.ParseInt(query.Get(name), 10, 64)
		ok = ok && err == nil && value >= 0
		*into = value
		return true
	}
	number("before_seq", &wanted.before)
	wanted.oldestFirst = number("after_seq", &wanted.after)
	limit := int64(wanted.limit)
	number("limit", &limit)
	ok = ok && limit >= 1 && limit <= 100
	wanted.limit = int(limit)
	if query.Has("q") {
		text := query.Get("q")
		wanted.text = &text
	}
	if query.Has("pinned") {
		pinned, err := strconv.ParseBool(query.Get("pinned"))
		ok = ok && err == nil
		wanted.pinned = &pinned
	}
	return wanted, ok
}

func main() {
	port, conninfo, jwks, issuer, sqlRoot := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	connections, err := strconv.Atoi(os.Args[6])
	if err != nil {
		log.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(conninfo)
	if err != nil {
		log.Fatal(err)
	}
	config.MinConns, config.MaxConns = int32(connections), int32(connections)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	statement := func(name string) string {
		text, err := os.ReadFile(filepath.Join(sqlRoot, name+".sql"))
		if err != nil {
			log.Fatal(err)
		}
		return string(text)
	}
	verifier, err := newTokens([]byte(jwks), issuer)
	if err != nil {
		log.Fatal(err)
	}
	s := &server{
		pool:         pool,
		tokens:       verifier,
		findSession:  statement("accounts/sql/find_session"),
		touchSession: statement("accounts/sql/touch_session"),
		findAccess:   statement("rooms/sql/find_access"),
		listBefore:   statement("chat/sql/list_messages_before"),
		listAfter:    statement("chat/sql/list_messages_after"),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/rooms/{room_id}/messages", s.list)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, mux))
}
