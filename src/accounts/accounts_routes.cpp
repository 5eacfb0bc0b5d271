// SPDX-License-Identifier: Apache-2.0
#include "accounts/accounts_routes.hpp"

#include "base/text.hpp"

#include <utility>

namespace stoa::accounts::routes {
namespace {

using Address = Text<32, 44>;

struct ChallengeRequest {
    std::optional<Address> address;
    std::optional<Text<1, 64>> chain_id;
};
BOOST_DESCRIBE_STRUCT(ChallengeRequest, (), (address, chain_id))

struct ConnectRequest {
    Address address;
};
BOOST_DESCRIBE_STRUCT(ConnectRequest, (), (address))

struct DisconnectRequest {
    std::optional<Address> address;
};
BOOST_DESCRIBE_STRUCT(DisconnectRequest, (), (address))

struct RefreshRequest {
    Text<1, 200> refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshRequest, (), (refresh_token))

struct SignedIn : TokenPair {
    Profile user;
};
BOOST_DESCRIBE_STRUCT(SignedIn, (TokenPair), (user))

/// Tokens are nobody's to keep on the way (RFC 6749, 5.1).
template <class T>
http::Response not_to_be_stored(const T& value) {
    auto response = http::Response::json_text(200, json::to_text(value));
    response.headers.emplace_back("cache-control", "no-store");
    return response;
}

Visitor visitor_of(const http::Request& request) {
    constexpr std::size_t device_bytes_max = 255;
    Visitor visitor{.device = {}, .remote_address = request.remote_address};
    const auto agent = request.find_header("user-agent").value_or("");
    if (is_utf8(agent)) visitor.device = cut_utf8(agent, device_bytes_max);
    return visitor;
}

/// For bodies that may be left out.
template <class In, class F>
http::Handler endpoint_with_optional_body(F function) {
    return [handler = http::endpoint_with_body<In>(std::move(function))](http::Request& request) {
        if (request.body.empty()) request.body = "{}";
        return handler(request);
    };
}

}  // namespace

http::Handler challenge(SignIn& sign_in) {
    return endpoint_with_optional_body<ChallengeRequest>(
        [&sign_in](const http::Request&, const ChallengeRequest& wanted) {
            return sign_in.challenge(text_of(wanted.address), text_of(wanted.chain_id));
        });
}

http::Handler connect(SignIn& sign_in) {
    return http::endpoint_with_body<ConnectRequest>(
        [&sign_in](const http::Request& request, const ConnectRequest& wanted) {
            return sign_in.connect(wanted.address.value, request.caller);
        });
}

http::Handler verify(SignIn& sign_in, Tokens& tokens, Profiles& profiles) {
    return http::endpoint_with_body<SignedChallenge>(
        [&](const http::Request& request, const SignedChallenge& proof) -> Result<http::Response> {
            auto opened = sign_in.open_session(proof, visitor_of(request), request.caller);
            if (!opened) return fail(opened);
            auto pair = tokens.issue(opened->caller, std::move(opened->refresh_token));
            if (!pair) return fail(pair);
            auto profile = profiles.find_profile(opened->caller.user);
            if (!profile) return fail(profile);
            return not_to_be_stored(SignedIn{std::move(*pair), std::move(*profile)});
        });
}

http::Handler disconnect(Sessions& sessions) {
    return endpoint_with_optional_body<DisconnectRequest>(
        [&sessions](const http::Request& request, const DisconnectRequest& wanted) {
            return sessions.disconnect(*request.caller, text_of(wanted.address));
        });
}

http::Handler refresh(Sessions& sessions) {
    return http::endpoint_with_body<RefreshRequest>(
        [&sessions](const http::Request& request,
                    const RefreshRequest& given) -> Result<http::Response> {
            const auto pair = sessions.refresh(given.refresh_token.value, request.remote_address);
            if (!pair) return fail(pair);
            return not_to_be_stored(*pair);
        });
}

http::Handler list_sessions(Sessions& sessions) {
    return http::endpoint(
        [&sessions](const http::Request& request) -> Result<http::Listing<SessionInfo>> {
            auto items = sessions.list(*request.caller);
            if (!items) return fail(items);
            return http::Listing<SessionInfo>{std::move(*items), std::nullopt};
        });
}

http::Handler revoke_session(Sessions& sessions) {
    return http::endpoint([&sessions](const http::Request& request) -> Result<void> {
        const auto session = request.path_id<SessionId>("session_id");
        if (!session) return fail(session);
        return sessions.revoke(*request.caller, *session);
    });
}

http::Handler create_ticket(Sessions& sessions) {
    return http::endpoint([&sessions](const http::Request& request) -> Result<http::Response> {
        const auto ticket = sessions.create_ticket(*request.caller);
        if (!ticket) return fail(ticket);
        return not_to_be_stored(*ticket);
    });
}

http::Handler jwks(Tokens& tokens) {
    return http::endpoint([&tokens](const http::Request&) -> Result<http::Response> {
        auto keys = tokens.jwks();
        if (!keys) return fail(keys);
        auto response = http::Response::json_text(200, std::move(*keys));
        response.headers.emplace_back("cache-control", "public, max-age=10");
        return response;
    });
}

http::Handler profile(Profiles& profiles) {
    return http::endpoint([&profiles](const http::Request& request) {
        return profiles.find_profile(request.caller->user);
    });
}

http::Handler change_profile(Profiles& profiles) {
    return http::endpoint_with_body<ProfileChange>(
        [&profiles](const http::Request& request, const ProfileChange& change) {
            return profiles.change(request.caller->user, change);
        });
}

http::Handler user(Profiles& profiles) {
    return http::endpoint([&profiles](const http::Request& request) -> Result<User> {
        const auto id = request.path_id<UserId>("user_id");
        if (!id) return fail(id);
        return profiles.find_user(*id);
    });
}

http::Handler audit_log(Administration& administration) {
    return http::endpoint(
        [&administration](const http::Request& request) -> Result<http::Listing<AuditEntry>> {
            const auto query = request.query_as<AuditQuery>();
            if (!query) return fail(query);
            return administration.list_audit_log(request.caller->user, *query);
        });
}

http::Handler set_role(Administration& administration) {
    return http::endpoint_with_body<RoleChange>(
        [&administration](const http::Request& request, const RoleChange& change) -> Result<User> {
            const auto user = request.path_id<UserId>("user_id");
            if (!user) return fail(user);
            return administration.set_role(request.caller->user, *user, change.role);
        });
}

http::Authenticator make_authenticator(Tokens& tokens) {
    return {[&tokens](std::string_view token) { return tokens.authenticate(token); },
            [&tokens](std::string_view token) { return tokens.verify(token); }};
}

}  // namespace stoa::accounts::routes
