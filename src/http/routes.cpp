// SPDX-License-Identifier: Apache-2.0
#include "http/routes.hpp"

#include "base/number.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <stdexcept>

namespace stoa::http {
namespace {

/// Takes the first segment off `rest`, which starts with '/'.
std::string_view take_segment(std::string_view& rest) {
    rest.remove_prefix(1);
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    return segment;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

bool Routes::Node::has_route() const {
    return std::ranges::any_of(route, [](std::size_t index) { return index != 0; });
}

void Routes::get(std::string path, Admission admission, Handler handler) {
    add(Method::get, std::move(path), admission, BodyKind::none_or_json, std::move(handler), {});
}
void Routes::post(std::string path, Admission admission, Handler handler) {
    add(Method::post, std::move(path), admission, BodyKind::none_or_json, std::move(handler), {});
}
void Routes::put(std::string path, Admission admission, Handler handler) {
    add(Method::put, std::move(path), admission, BodyKind::none_or_json, std::move(handler), {});
}
void Routes::patch(std::string path, Admission admission, Handler handler) {
    add(Method::patch, std::move(path), admission, BodyKind::none_or_json, std::move(handler), {});
}
void Routes::remove(std::string path, Admission admission, Handler handler) {
    add(Method::delete_, std::move(path), admission, BodyKind::none_or_json, std::move(handler),
        {});
}
void Routes::get_slow(std::string path, Admission admission, Handler handler) {
    get(std::move(path), admission, std::move(handler));
    routes_.back().is_slow = true;
}
void Routes::post_slow(std::string path, Admission admission, Handler handler) {
    post(std::move(path), admission, std::move(handler));
    routes_.back().is_slow = true;
}
void Routes::get_immediate(std::string path, Admission admission, Handler handler) {
    get(std::move(path), admission, std::move(handler));
    routes_.back().is_immediate = true;
}
void Routes::upload(std::string path, Admission admission, Handler handler, Method method) {
    add(method, std::move(path), admission, BodyKind::multipart, std::move(handler), {});
}
void Routes::pour(std::string path, Admission admission, BodySinkFactory sink) {
    add(Method::patch, std::move(path), admission, BodyKind::poured, {}, {});
    routes_.back().sink = std::move(sink);
}
void Routes::tell(std::string_view path, Headers headers) {
    std::vector<std::string> names;
    nodes_[grow_path(path, names)].told = std::move(headers);
}
void Routes::socket(std::string path, SocketFactory factory) {
    add(Method::get, std::move(path), Access::optional, BodyKind::none_or_json, {},
        std::move(factory));
}

void Routes::change_limits(const std::function<Limit(const Limit&)>& change) {
    for (auto& route : routes_) {
        if (route.limit) route.limit = change(*route.limit);
    }
}

void Routes::wrap_handlers(const std::function<Handler(const Route&, Handler)>& wrap) {
    for (auto& route : routes_) {
        if (route.handler) route.handler = wrap(route, std::move(route.handler));
    }
}

std::size_t Routes::grow(std::size_t node, std::string_view segment) {
    if (is_parameter(segment)) {
        if (nodes_[node].parameter == 0) {
            nodes_[node].parameter = nodes_.size();
            nodes_.emplace_back();
        }
        return nodes_[node].parameter;
    }
    for (const auto& [name, next] : nodes_[node].fixed) {
        if (name == segment) return next;
    }
    nodes_[node].fixed.emplace_back(segment, nodes_.size());
    nodes_.emplace_back();
    return nodes_.size() - 1;
}

std::size_t Routes::grow_path(std::string_view path, std::vector<std::string>& parameter_names) {
    if (!path.starts_with('/')) {
        throw std::logic_error("route without leading '/': " + std::string(path));
    }
    std::size_t node = 0;
    for (std::string_view rest = path; rest.size() > 1;) {
        const auto segment = take_segment(rest);
        if (is_parameter(segment)) {
            parameter_names.emplace_back(segment.substr(1, segment.size() - 2));
        }
        node = grow(node, segment);
    }
    return node;
}

void Routes::add(Method method, std::string path, Admission admission, BodyKind body,
                 Handler handler, SocketFactory socket) {
    std::vector<std::string> names;
    const auto node = grow_path(path, names);
    auto& slot = nodes_[node].route[static_cast<std::size_t>(method)];
    if (slot != 0) throw std::logic_error("route declared twice: " + path);
    routes_.push_back({method, std::move(path), admission.access, admission.limit, body,
                       std::move(handler), std::move(socket), false});
    parameter_names_.push_back(std::move(names));
    slot = routes_.size();
}

const Routes::Node* Routes::walk(std::size_t index, std::string_view rest,
                                 std::vector<std::string_view>& values) const {
    const auto& node = nodes_[index];
    if (rest.empty()) return node.has_route() ? &node : nullptr;
    const auto segment = take_segment(rest);
    for (const auto& [name, next] : node.fixed) {
        if (name != segment) continue;
        if (const auto* found = walk(next, rest, values)) return found;
        break;
    }
    if (node.parameter == 0 || segment.empty()) return nullptr;
    values.push_back(segment);
    if (const auto* found = walk(node.parameter, rest, values)) return found;
    values.pop_back();
    return nullptr;
}

const Routes::Node* Routes::find_node(std::string_view decoded_path,
                                      std::vector<std::string_view>& values) const {
    if (!decoded_path.starts_with('/')) return nullptr;
    return walk(0, decoded_path == "/" ? std::string_view() : decoded_path, values);
}

std::vector<Method> Routes::Node::allowed() const {
    std::vector<Method> methods;
    for (std::size_t m = 0; m < route.size(); ++m) {
        const auto method = static_cast<Method>(m);
        const bool head_of_get =
            method == Method::head && route[static_cast<std::size_t>(Method::get)] != 0;
        if (route[m] != 0 || head_of_get) methods.push_back(method);
    }
    return methods;
}

std::vector<Method> Routes::allowed_at(std::string_view decoded_path) const {
    std::vector<std::string_view> values;
    const auto* node = find_node(decoded_path, values);
    return node == nullptr ? std::vector<Method>() : node->allowed();
}

Routes::Match Routes::find(Method method, std::string_view decoded_path) const {
    Match match;
    std::vector<std::string_view> values;
    const auto* node = find_node(decoded_path, values);
    if (node == nullptr) return match;
    const auto of = [&](Method m) { return node->route[static_cast<std::size_t>(m)]; };
    auto index = of(method);
    if (index == 0 && method == Method::head) index = of(Method::get);
    if (index == 0) {
        match.allowed = node->allowed();
        match.told = &node->told;
        return match;
    }
    match.route = &routes_[index - 1];
    const auto& names = parameter_names_[index - 1];
    match.path_parameters.reserve(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        match.path_parameters.emplace_back(names[i], values[i]);
    }
    return match;
}

Result<void> check_json_content_type(const Request& request) {
    const auto header = request.find_header("content-type");
    if (!header) return {};
    const auto type = trim_blanks(header->substr(0, header->find(';')));
    if (equals_ignoring_case(type, "application/json")) return {};
    return fail(ErrorKind::unsupported_type, "unsupported_media_type",
                "The Content-Type should be application/json.");
}

bool wants_event_stream(const Request& request) {
    const auto accept = request.find_header("accept");
    return accept && accept->find("text/event-stream") != std::string_view::npos;
}

Headers event_stream_headers() {
    return {{"content-type", "text/event-stream; charset=utf-8"},
            {"cache-control", "no-store"},
            {"x-accel-buffering", "no"}};
}

tl::unexpected<Error> invalid_cursor() {
    return fail(ErrorKind::invalid, "cursor_invalid",
                "The cursor is not one that this list gave; begin again without it.");
}

Result<std::int64_t> seq_of_cursor(std::string_view cursor) {
    const auto seq = parse_number<std::int64_t>(cursor, 0, INT64_MAX);
    if (!seq) return invalid_cursor();
    return *seq;
}

}  // namespace stoa::http
