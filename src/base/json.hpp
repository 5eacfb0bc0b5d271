// SPDX-License-Identifier: Apache-2.0
// Structs to and from JSON. A struct described with BOOST_DESCRIBE_STRUCT is its own schema:
// reading refuses unknown fields, wrong types and values out of the bounds that the member types
// carry
// (`Text`, `Int`, `List`), and names every mistake; writing appends straight to a string, with no
// tree between. An enum's JSON name is its enumerator's, less a trailing `_` (`public_` is
// "public"). Pure functions; any thread.
#pragma once

#include "base/id.hpp"
#include "base/result.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11.hpp>

namespace stoa::json {

using Value = boost::json::value;

/// A list of at most Max items.
template <class T, std::size_t Max>
struct List {
    std::vector<T> items;
};

/// JSON text that is already serialised (a JSONB column, another program's answer); written as it
/// is. `Chars` is std::string, or std::string_view if another keeps the text.
template <class Chars>
struct BasicRaw {
    Chars text = "null";
};
using Raw = BasicRaw<std::string>;

/// An integer that may pass 2^53 (token amounts): written as a string, read from either.
struct BigInt {
    std::int64_t value = 0;
};

/// Parses one JSON text: at most 32 deep, valid UTF-8, no NUL. `malformed_json` (400) otherwise.
Result<Value> parse(std::string_view text);

void append_string(std::string& out, std::string_view text);
void append_string(std::string& out, const Uuid& uuid);
void append_string(std::string& out, Time time);
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, double number);

template <class E>
std::string_view enum_name(E value) {
    std::string_view name = boost::describe::enum_to_string(value, "");
    if (name.ends_with('_')) name.remove_suffix(1);
    return name;
}

template <class E>
std::optional<E> parse_enum(std::string_view text) {
    std::optional<E> found;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
        if (enum_name(d.value) == text) found = d.value;
    });
    return found;
}

namespace detail {

template <class T>
struct is_id : std::false_type {};
template <class Tag>
struct is_id<Id<Tag>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_raw : std::false_type {};
template <class Chars>
struct is_raw<BasicRaw<Chars>> : std::true_type {};
template <class T>
struct list_of : std::false_type {};
template <class T, std::size_t Max>
struct list_of<List<T, Max>> : std::true_type {
    static constexpr std::size_t max = Max;
};
template <class T>
struct text_of : std::false_type {};
template <std::size_t Min, std::size_t Max>
struct text_of<Text<Min, Max>> : std::true_type {
    static constexpr std::size_t min = Min;
    static constexpr std::size_t max = Max;
};
template <class T>
struct int_of : std::false_type {};
template <long long Min, long long Max>
struct int_of<Int<Min, Max>> : std::true_type {
    static constexpr long long min = Min;
    static constexpr long long max = Max;
};
template <class T>
using members = boost::describe::describe_members<T, boost::describe::mod_any_access |
                                                         boost::describe::mod_inherited>;

/// `,"name":` of a described member, made by the compiler.
template <class D>
constexpr auto member_key_text = [] {
    std::array<char, std::char_traits<char>::length(D::name) + 4> text{};
    char* to = text.data();
    *to++ = ',';
    *to++ = '"';
    for (const char* from = D::name; *from != '\0';) *to++ = *from++;
    *to++ = '"';
    *to = ':';
    return text;
}();
template <class D>
constexpr std::string_view member_key{member_key_text<D>.data(), member_key_text<D>.size()};

}  // namespace detail

/// Collects what is wrong while a value is read; `loc` is the path from the body down.
class Reader {
  public:
    explicit Reader(std::string root) { path_.push_back(std::move(root)); }

    template <class T>
    void read(const Value& from, T& to);

    void wrong(std::string_view type, std::string message);
    [[nodiscard]] const std::vector<FieldError>& errors() const { return errors_; }
    std::vector<FieldError> take_errors() { return std::move(errors_); }

  private:
    void read_string(const Value& from, std::string& to);
    void read_text(const Value& from, std::string& to, std::size_t min, std::size_t max);
    void read_integer(const Value& from, long long& to, long long min, long long max);
    void read_time(const Value& from, Time& to);
    void read_big(const Value& from, BigInt& to);
    const boost::json::object* object(const Value& from);
    const boost::json::array* array(const Value& from, std::size_t items_max);
    void refuse_unknown(const boost::json::object& object, std::span<const std::string_view> known);
    template <class T>
    void read_list(const Value& from, std::vector<T>& to, std::size_t items_max);
    template <class T>
    void read_enum(const Value& from, T& to);
    template <class T>
    void read_struct(const Value& from, T& to);

    static constexpr std::size_t items_default_max = 1000;

    std::vector<std::string> path_;
    std::vector<FieldError> errors_;
};

template <class T>
void Reader::read(const Value& from, T& to) {
    if constexpr (std::is_same_v<T, bool>) {
        if (from.is_bool())
            to = from.get_bool();
        else
            wrong("bool_type", "Input should be true or false");
    } else if constexpr (std::is_same_v<T, double>) {
        if (from.is_number())
            to = from.to_number<double>();
        else
            wrong("float_type", "Input should be a number");
    } else if constexpr (std::is_integral_v<T>) {
        long long number = 0;
        read_integer(from, number, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
        to = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, std::string>) {
        read_string(from, to);
    } else if constexpr (std::is_same_v<T, Time>) {
        read_time(from, to);
    } else if constexpr (std::is_same_v<T, BigInt>) {
        read_big(from, to);
    } else if constexpr (std::is_same_v<T, Value>) {
        to = from;
    } else if constexpr (detail::text_of<T>::value) {
        read_text(from, to.value, detail::text_of<T>::min, detail::text_of<T>::max);
    } else if constexpr (detail::int_of<T>::value) {
        read_integer(from, to.value, detail::int_of<T>::min, detail::int_of<T>::max);
    } else if constexpr (detail::is_id<T>::value) {
        const auto id =
            from.is_string() ? T::parse(std::string_view(from.get_string())) : std::nullopt;
        if (id)
            to = *id;
        else
            wrong("uuid_parsing", "Input should be a UUID of 36 characters");
    } else if constexpr (detail::is_optional<T>::value) {
        if (from.is_null())
            to.reset();
        else
            read(from, to.emplace());
    } else if constexpr (detail::list_of<T>::value) {
        read_list(from, to.items, detail::list_of<T>::max);
    } else if constexpr (detail::is_vector<T>::value) {
        read_list(from, to, items_default_max);
    } else if constexpr (std::is_enum_v<T>) {
        read_enum(from, to);
    } else {
        read_struct(from, to);
    }
}

template <class T>
void Reader::read_list(const Value& from, std::vector<T>& to, std::size_t items_max) {
    const auto* items = array(from, items_max);
    if (items == nullptr) return;
    for (std::size_t i = 0; i < items->size(); ++i) {
        path_.push_back(std::to_string(i));
        read((*items)[i], to.emplace_back());
        path_.pop_back();
    }
}

template <class T>
void Reader::read_enum(const Value& from, T& to) {
    const auto found =
        from.is_string() ? parse_enum<T>(std::string_view(from.get_string())) : std::nullopt;
    if (found) {
        to = *found;
        return;
    }
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) {
        names += (names.empty() ? "'" : ", '") + std::string(enum_name(d.value)) + "'";
    });
    wrong("enum", "Input should be one of " + names);
}

template <class T>
void Reader::read_struct(const Value& from, T& to) {
    const auto* fields = object(from);
    if (fields == nullptr) return;
    std::vector<std::string_view> known;
    boost::mp11::mp_for_each<detail::members<T>>([&](auto d) {
        using Member = std::remove_reference_t<decltype(to.*d.pointer)>;
        known.emplace_back(d.name);
        path_.emplace_back(d.name);
        if (const auto* value = fields->if_contains(d.name)) {
            read(*value, to.*d.pointer);
        } else if constexpr (!detail::is_optional<Member>::value) {
            wrong("missing", "Field required");
        }
        path_.pop_back();
    });
    refuse_unknown(*fields, known);
}

/// Reads a T from a JSON text. `malformed_json` (400) if it is not JSON, `validation_failed` (422)
/// with every wrong field if it is not a T; `root` is the first part of each `loc`.
template <class T>
Result<T> read(std::string_view text, std::string root = "body") {
    auto value = parse(text);
    if (!value) return fail(value);
    Reader reader(std::move(root));
    T result{};
    reader.read(*value, result);
    if (reader.errors().empty()) return result;
    Error error{ErrorKind::invalid,
                "validation_failed",
                "The request is well-formed but has wrong values.",
                reader.take_errors(),
                {}};
    return tl::unexpected<Error>(std::move(error));
}

/// Appends `value` as JSON. Structs and enums must be described; null optionals are written as
/// null.
template <class T>
void write(std::string& out, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        out += value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
        append_number(out, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
        append_number(out, static_cast<double>(value));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        append_string(out, value);
    } else if constexpr (std::is_same_v<T, Time>) {
        append_string(out, value);
    } else if constexpr (detail::is_raw<T>::value) {
        out += value.text;
    } else if constexpr (std::is_same_v<T, BigInt>) {
        append_string(out, std::to_string(value.value));
    } else if constexpr (detail::text_of<T>::value) {
        append_string(out, value.value);
    } else if constexpr (detail::int_of<T>::value) {
        append_number(out, static_cast<std::int64_t>(value.value));
    } else if constexpr (detail::is_id<T>::value) {
        append_string(out, value.uuid);
    } else if constexpr (detail::is_optional<T>::value) {
        if (value)
            write(out, *value);
        else
            out += "null";
    } else if constexpr (detail::list_of<T>::value) {
        write(out, value.items);
    } else if constexpr (detail::is_vector<T>::value) {
        char separator = '[';
        for (const auto& item : value) {
            out += separator;
            write(out, item);
            separator = ',';
        }
        out += separator == '[' ? "[]" : "]";
    } else if constexpr (std::is_enum_v<T>) {
        append_string(out, enum_name(value));
    } else {
        const auto begin = out.size();
        boost::mp11::mp_for_each<detail::members<T>>([&](auto d) {
            out += detail::member_key<decltype(d)>;
            write(out, value.*d.pointer);
        });
        if (out.size() == begin) out += ',';
        out[begin] = '{';
        out += '}';
    }
}

template <class T>
std::string to_text(const T& value) {
    std::string out;
    write(out, value);
    return out;
}

}  // namespace stoa::json
