// SPDX-License-Identifier: Apache-2.0
// The REST side of accounts: each function gives the handler of one route; app/route_table.cpp says
// which. The objects outlive the handlers. Any thread.
#pragma once

#include "accounts/administration.hpp"
#include "accounts/profiles.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/tokens.hpp"
#include "http/routes.hpp"
#include "http/server.hpp"

namespace stoa::accounts::routes {

http::Handler challenge(SignIn& sign_in);  ///< POST /auth/siws/challenge, anyone
http::Handler connect(SignIn& sign_in);    ///< POST /auth/wallet/connect, optional
/// POST /auth/wallet/verify, optional
http::Handler verify(SignIn& sign_in, Tokens& tokens, Profiles& profiles);
http::Handler disconnect(Sessions& sessions);     ///< POST /auth/wallet/disconnect, signed in
http::Handler refresh(Sessions& sessions);        ///< POST /auth/refresh, anyone
http::Handler list_sessions(Sessions& sessions);  ///< GET /auth/sessions, signed in
http::Handler revoke_session(
    Sessions& sessions);                          ///< DELETE /auth/sessions/{session_id}, signed in
http::Handler create_ticket(Sessions& sessions);  ///< POST /auth/ws-ticket, signed in
http::Handler jwks(Tokens& tokens);               ///< GET /.well-known/jwks.json, anyone
http::Handler profile(Profiles& profiles);        ///< GET /users/profile, signed in
http::Handler change_profile(Profiles& profiles);         ///< PATCH /users/profile, signed in
http::Handler user(Profiles& profiles);                   ///< GET /users/{user_id}, signed in
http::Handler audit_log(Administration& administration);  ///< GET /admin/audit, signed in
http::Handler set_role(
    Administration& administration);  ///< PATCH /admin/users/{user_id}, signed in

/// What the server asks about bearer tokens.
http::Authenticator make_authenticator(Tokens& tokens);

}  // namespace stoa::accounts::routes
