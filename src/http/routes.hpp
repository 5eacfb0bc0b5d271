// SPDX-License-Identifier: Apache-2.0
// The route table: method, path template, who may call, handler. It is filled once, in one visible
// place (app/route_table.cpp), and then only read. `endpoint` turns a typed function into a
// handler: it reads the JSON body, calls, and writes the answer. Read-only after start; any thread.
#pragma once

#include "http/body_sink.hpp"
#include "http/limit.hpp"
#include "http/message.hpp"
#include "http/socket.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace stoa::http {

enum class Access {
    anyone,
    signed_in,  ///< 401 without a valid access token; checked before the body is read
    bearer,     ///< the same, but the handler asks for the token's session in its own statement
    optional    ///< a token is checked if one comes
};

enum class BodyKind {
    none_or_json,  ///< at most `json_bytes_max`
    multipart,     ///< streamed; at most `upload_bytes_max`
    poured         ///< into the route's sink, as it comes; at most `upload_bytes_max`
};

/// Who may call a route, and how often; an Access alone is without limit.
struct Admission {
    Admission(Access who) : access(who) {}  // NOLINT: reads as what it is in a table
    Admission(Access who, Limit how_often) : access(who), limit(how_often) {}

    Access access;
    std::optional<Limit> limit;
};

struct Route {
    Method method;
    std::string path;  ///< "/api/v1/rooms/{room_id}/messages"
    Access access;
    std::optional<Limit> limit;
    BodyKind body;
    Handler handler;
    SocketFactory socket;       ///< set for WebSocket routes (method get)
    bool is_slow = false;       ///< its handler runs on the slow pool
    bool is_immediate = false;  ///< its handler runs on the edge's thread
    BodySinkFactory sink{};     ///< in the handler's place (BodyKind::poured)
};

/// A path that is declared twice for a method, or does not start with '/', is a bug: logic_error.
class Routes {
  public:
    void get(std::string path, Admission admission, Handler handler);
    void post(std::string path, Admission admission, Handler handler);
    void put(std::string path, Admission admission, Handler handler);
    void patch(std::string path, Admission admission, Handler handler);
    void remove(std::string path, Admission admission, Handler handler);  ///< DELETE
    /// Whose handlers may wait long for other servers or for the reader of a long answer: quick
    /// requests never queue behind them.
    void get_slow(std::string path, Admission admission, Handler handler);
    void post_slow(std::string path, Admission admission, Handler handler);
    /// Whose handler takes microseconds and waits for nothing: it is answered while all workers
    /// wait.
    void get_immediate(std::string path, Admission admission, Handler handler);
    /// POST, or another method, whose body is multipart/form-data.
    void upload(std::string path, Admission admission, Handler handler,
                Method method = Method::post);
    /// PATCH whose body is taken as it comes.
    void pour(std::string path, Admission admission, BodySinkFactory sink);
    void socket(std::string path, SocketFactory factory);
    /// What OPTIONS says of a path, beside the methods that it takes.
    void tell(std::string_view path, Headers headers);

    /// Puts what `wrap` makes of it in the place of each handler; sockets stay as they are.
    void wrap_handlers(const std::function<Handler(const Route&, Handler)>& wrap);

    struct Match {
        const Route* route = nullptr;
        Headers path_parameters;
        std::vector<Method> allowed;    ///< of the path, if the method is not (405)
        const Headers* told = nullptr;  ///< with them
    };
    /// A fixed segment wins over a parameter. Parameters match one non-empty segment.
    /// HEAD is answered by the GET route if it has none of its own.
    [[nodiscard]] Match find(Method method, std::string_view decoded_path) const;
    /// What the path takes; empty if there is no such path.
    [[nodiscard]] std::vector<Method> allowed_at(std::string_view decoded_path) const;
    [[nodiscard]] const std::vector<Route>& all() const { return routes_; }
    /// Each limit becomes what `change` makes of it. Before they are served.
    void change_limits(const std::function<Limit(const Limit&)>& change);

  private:
    /// One segment of the paths, and what may follow it.
    struct Node {
        std::vector<std::pair<std::string, std::size_t>> fixed;  ///< segment, index in nodes_
        std::size_t parameter = 0;                               ///< index; 0 is none
        std::array<std::size_t, 7> route{};  ///< by method: index in routes_ + 1
        Headers told;
        [[nodiscard]] bool has_route() const;
        [[nodiscard]] std::vector<Method> allowed() const;
    };

    void add(Method method, std::string path, Admission admission, BodyKind body, Handler handler,
             SocketFactory socket);
    std::size_t grow(std::size_t node, std::string_view segment);
    [[nodiscard]] const Node* find_node(std::string_view decoded_path,
                                        std::vector<std::string_view>& values) const;
    std::size_t grow_path(std::string_view path, std::vector<std::string>& parameter_names);
    const Node* walk(std::size_t node, std::string_view rest,
                     std::vector<std::string_view>& values) const;

    std::vector<Route> routes_;
    std::vector<std::vector<std::string>> parameter_names_;  ///< by route
    std::vector<Node> nodes_{1};                             ///< the first is "/"
};

/// Return types of endpoint functions beside plain values (200) and void (204).
template <class T>
struct Created {
    T value;
};
template <class T>
struct Accepted {
    T value;
};

/// `{"items":[…],"next_cursor":…}`
template <class T>
struct Listing {
    std::vector<T> items;
    std::optional<std::string> next_cursor;
    BOOST_DESCRIBE_CLASS(Listing, (), (items, next_cursor), (), ())
};

/// Whether the caller asks for text/event-stream rather than JSON.
bool wants_event_stream(const Request& request);
/// Of an answer in server-sent events: neither kept nor held back by a proxy.
Headers event_stream_headers();

/// `cursor_invalid` (422).
tl::unexpected<Error> invalid_cursor();
/// A cursor that is the seq of the last item seen, at least 0; `cursor_invalid`.
Result<std::int64_t> seq_of_cursor(std::string_view cursor);

namespace detail {
inline Response answer(Response&& response) { return std::move(response); }
template <class T>
Response answer(const T& value) {
    return Response::json_text(200, json::to_text(value));
}
template <class T>
Response answer(const Created<T>& created) {
    return Response::json_text(201, json::to_text(created.value));
}
template <class T>
Response answer(const Accepted<T>& accepted) {
    return Response::json_text(202, json::to_text(accepted.value));
}
template <class T>
Response answer_result(Result<T>&& result, const Request& request) {
    if (!result) return problem(result.error(), request.request_id);
    if constexpr (std::is_void_v<T>)
        return Response::no_content();
    else
        return answer(std::move(*result));
}
}  // namespace detail

/// A handler from `Result<Out>(const Request&)`.
template <class F>
Handler endpoint(F function) {
    return [function = std::move(function)](Request& request) {
        return detail::answer_result(function(request), request);
    };
}

/// `unsupported_media_type` (415) unless the body is said to be application/json (or says nothing).
Result<void> check_json_content_type(const Request& request);

/// A handler from `Result<Out>(const Request&, const In&)`; In is read from the JSON body (400 if
/// it is no JSON, 415 if its Content-Type is another, 422 if its fields are wrong).
template <class In, class F>
Handler endpoint_with_body(F function) {
    return [function = std::move(function)](Request& request) -> Response {
        if (auto checked = check_json_content_type(request); !checked) {
            return problem(checked.error(), request.request_id);
        }
        auto input = json::read<In>(request.body);
        if (!input) return problem(input.error(), request.request_id);
        return detail::answer_result(function(static_cast<const Request&>(request), *input),
                                     request);
    };
}

}  // namespace stoa::http
