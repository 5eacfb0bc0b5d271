// SPDX-License-Identifier: Apache-2.0
// A request as features see it, and the response they give back: plain values, no Asio. Header
// names are lower case; the path, its parameters and the query are percent-decoded and valid UTF-8.
// One thread at a time; a streaming response runs its writer on the worker pool.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "base/unnamed_file.hpp"

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace stoa::http {

enum class Method { get, head, post, put, patch, delete_, options };
BOOST_DESCRIBE_ENUM(Method, get, head, post, put, patch, delete_, options)

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Who asks: what a valid access token says.
struct Caller {
    UserId user;
    SessionId session;
};

/// Whom a token names whose signature is good. Whether its session still lives is yet to be asked.
struct Bearer {
    UserId user;
    SessionId session;
};

/// One part of a multipart/form-data body. A file part was streamed to `file` while it was hashed.
struct Part {
    std::string name;
    std::string file_name;  ///< as sent; never to be used as a path
    std::string content_type;
    std::string value;                  ///< of a part without file name, at most 64 KiB
    std::shared_ptr<UnnamedFile> file;  ///< of a part with one
    std::uint64_t file_bytes = 0;
    std::string file_sha256_hex;
};

struct Request {
    Method method = Method::get;
    std::string target;  ///< as sent
    std::string path;
    std::string_view route;  ///< the template, "/api/v1/rooms/{room_id}"; for metrics
    Headers path_parameters;
    Headers query;
    Headers headers;
    std::string body;
    std::vector<Part> parts;
    std::string remote_address;
    std::string request_id;
    std::string trace_id;
    std::optional<Caller>
        caller;  ///< set for routes with Access::signed_in (and optional, if a token came)
    std::optional<Bearer> bearer;  ///< set for routes with Access::bearer
    /// Of slow routes: the peer has left, so that nobody waits for the answer. Told within a second
    /// while the handler runs.
    std::stop_token abandoned{};

    [[nodiscard]] std::optional<std::string_view> find_header(
        std::string_view lower_case_name) const;
    [[nodiscard]] std::optional<std::string_view> find_query(std::string_view name) const;
    [[nodiscard]] std::string_view path_parameter(std::string_view name) const;
    /// An id in the path. What is no UUID is no such thing: `not_found` (404).
    template <class IdType>
    [[nodiscard]] Result<IdType> path_id(std::string_view name) const {
        if (const auto id = IdType::parse(path_parameter(name))) return *id;
        return fail(ErrorKind::not_found, "not_found", "There is no such thing.");
    }
    /// The query as a described struct of optional strings, ids, numbers, booleans and times;
    /// `validation_failed` (422, loc "query") for unknown names and wrong values.
    template <class T>
    [[nodiscard]] Result<T> query_as() const;

  private:
    /// The query as a JSON object, each value read by the kind of `T`'s member.
    [[nodiscard]] Result<json::Value> query_object(
        const std::vector<std::string_view>& numbers,
        const std::vector<std::string_view>& booleans) const;
};

/// Where a streaming response writes. `write` blocks while the peer is slow (bounded buffer) and
/// returns false once the peer is gone or too slow: then stop.
class Stream {
  public:
    virtual ~Stream() = default;
    [[nodiscard]] virtual bool write(std::string_view bytes) = 0;
};

/// Bytes of a known number, read from anywhere in them. Many answers may read one at a time, each
/// has its own source.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// One to 64 KiB of the bytes from `offset`, which is before the end. Called by the edge while
    /// it sends: quick, and an error cuts the answer.
    [[nodiscard]] virtual Result<std::string> read(std::uint64_t offset) = 0;
};

/// Served with Range, If-Range, If-None-Match and If-Modified-Since (RFC 9110, 13 and 14).
struct FileBody {
    std::shared_ptr<ByteSource> source;
    std::string etag;          ///< strong, with its quotes
    std::time_t modified = 0;  ///< 0: nobody knows
};
/// Whether the answer to this request will begin and end with the file: not a part of it, not "you
/// have it already", not its headers alone.
[[nodiscard]] bool sends_whole_file(const FileBody& file, const Request& request);
using StreamBody = std::function<void(Stream&)>;

class ChunkStream;
/// A stream that no thread stands behind: whoever has something to say offers it, for as long as
/// the reader stays. `pulse` is sent when nothing was for a while.
struct LiveBody {
    std::shared_ptr<ChunkStream> stream;
    std::string_view pulse;
};

struct Response {
    int status = 200;
    Headers headers;
    std::variant<std::string, FileBody, StreamBody, LiveBody> body;

    static Response json_text(int status, std::string text);
    static Response text(int status, std::string content_type, std::string body);
    static Response no_content();
};

using Handler = std::function<Response(Request&)>;

/// The one place that maps an error to a status (RFC 9457 problem document, api.md "Errors").
int status_of(ErrorKind kind);
Response problem(const Error& error, std::string_view request_id);

template <class T>
Result<T> Request::query_as() const {
    std::vector<std::string_view> numbers;
    std::vector<std::string_view> booleans;
    boost::mp11::mp_for_each<json::detail::members<T>>([&](auto d) {
        using Member = std::remove_cvref_t<decltype(std::declval<T&>().*d.pointer)>;
        if constexpr (json::detail::is_optional<Member>::value) {
            using Inner = typename Member::value_type;
            if constexpr (std::is_same_v<Inner, bool>)
                booleans.push_back(d.name);
            else if constexpr (std::is_arithmetic_v<Inner> || json::detail::int_of<Inner>::value)
                numbers.push_back(d.name);
        }
    });
    auto object = query_object(numbers, booleans);
    if (!object) return fail(object);
    json::Reader reader("query");
    T result{};
    reader.read(*object, result);
    if (reader.errors().empty()) return result;
    return tl::unexpected<Error>(Error{ErrorKind::invalid,
                                       "validation_failed",
                                       "The query has wrong values.",
                                       reader.take_errors(),
                                       {}});
}

}  // namespace stoa::http
