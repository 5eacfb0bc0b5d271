// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's binary format for the types Stoa uses (uuid, int, bool, float8, text, jsonb, bytea,
// timestamptz, arrays, pgvector's vector), to and from C++ values and described structs. Values;
// one thread at a time.
#pragma once

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

struct pg_result;

namespace stoa::postgres {

/// bytea.
struct Bytes {
    std::string value;
};

/// A statement's arguments, or a COPY row's fields, encoded in order. Strings and enums go as text
/// of the type that the server infers (text, varchar, citext, an enum); in a COPY they must be
/// text.
class Parameters {
  public:
    void add(std::nullptr_t);
    void add(bool value);
    void add(std::int32_t value);
    void add(std::int64_t value);
    void add(long long value) { add(static_cast<std::int64_t>(value)); }
    void add(double value);
    void add(std::string_view value);
    void add(const std::string& value) { add(std::string_view(value)); }
    void add(const char* value) { add(std::string_view(value)); }
    void add(Time value);
    void add(const Bytes& value);
    void add(const json::Raw& value);  ///< jsonb
    void add(const json::BigInt& value) { add(value.value); }
    void add(std::span<const float> value);            ///< vector; cast the parameter: `$1::vector`
    void add(const std::vector<std::string>& value);   ///< text[]
    void add(const std::vector<std::int32_t>& value);  ///< int4[]
    template <class Tag>
    void add(const Id<Tag>& id) {
        add_uuid(id.uuid);
    }
    template <class Tag>
    void add(const std::vector<Id<Tag>>& ids) {
        std::vector<Uuid> uuids;
        uuids.reserve(ids.size());
        for (const auto& id : ids) uuids.push_back(id.uuid);
        add_uuids(uuids);
    }
    template <std::size_t Min, std::size_t Max>
    void add(const Text<Min, Max>& text) {
        add(std::string_view(text.value));
    }
    template <long long Min, long long Max>
    void add(const Int<Min, Max>& number) {
        add(static_cast<std::int64_t>(number.value));
    }
    template <class E>
        requires std::is_enum_v<E>
    void add(E value) {
        add(json::enum_name(value));
    }
    template <class T>
    void add(const std::optional<T>& value) {
        if (value)
            add(*value);
        else
            add(nullptr);
    }

    struct Encoded {
        std::uint32_t type = 0;  ///< OID; 0 lets the server infer it
        bool is_null = false;
        bool is_binary = true;
        std::string bytes;
    };
    [[nodiscard]] const std::vector<Encoded>& values() const { return values_; }
    /// PostgreSQL's text cannot hold NUL; a statement with such an argument is not sent.
    [[nodiscard]] bool has_nul() const { return has_nul_; }
    void clear() { *this = {}; }

  private:
    void add_uuid(const Uuid& uuid);
    void add_uuids(const std::vector<Uuid>& uuids);
    std::vector<Encoded> values_;
    bool has_nul_ = false;
};

class Row;

/// The column of that name, looked for from `likely` on; std::logic_error if there is none.
int find_column(const pg_result* result, const char* name, int likely = 0);

/// The rows of one answer; keeps the libpq result alive.
class Rows {
  public:
    explicit Rows(std::shared_ptr<pg_result> result);
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t affected() const;  ///< rows changed by INSERT, UPDATE, DELETE
    [[nodiscard]] Row operator[](std::size_t index) const;
    /// The first `count_max` rows as `Row::as` reads them.
    template <class T>
    [[nodiscard]] std::vector<T> all(std::size_t count_max = SIZE_MAX) const;
    /// `function(T&&)` for each of the first `count_max`, one after the other.
    template <class T, class F>
    void for_each(std::size_t count_max, F function) const;
    [[nodiscard]] const std::shared_ptr<pg_result>& result() const { return result_; }

  private:
    std::shared_ptr<pg_result> result_;
};

/// Where the members of a described T are among an answer's columns: found by name once, not for
/// each row. An unknown column is a bug in the query and throws std::logic_error.
template <class T>
class Columns {
  public:
    explicit Columns(const pg_result* result);
    [[nodiscard]] int operator[](std::size_t member) const { return columns_[member]; }

  private:
    std::array<int, boost::mp11::mp_size<json::detail::members<T>>::value> columns_;
};

/// One row. A column of another type than asked, an unknown column or an unexpected NULL is a bug
/// in the query and throws std::logic_error. A std::string_view lives as long as the `Rows`.
class Row {
  public:
    Row(const pg_result* result, int row) : result_(result), row_(row) {}

    [[nodiscard]] bool is_null(int column) const;
    template <class T>
    [[nodiscard]] T get(int column) const;
    template <class T>
    [[nodiscard]] T get(const char* name) const {
        return get<T>(find_column(result_, name));
    }
    /// A described struct whose members are columns by name, or the one column's value.
    template <class T>
    [[nodiscard]] T as() const;
    template <class T>
    [[nodiscard]] T as(const Columns<T>& columns) const;

  private:
    [[nodiscard]] bool decode_bool(int column) const;
    [[nodiscard]] std::int64_t decode_integer(int column) const;
    [[nodiscard]] double decode_float(int column) const;
    [[nodiscard]] std::string_view decode_text(
        int column) const;  ///< text, varchar, json, jsonb, enum
    [[nodiscard]] std::string_view decode_bytes(int column) const;
    [[nodiscard]] Time decode_time(int column) const;
    [[nodiscard]] Uuid decode_uuid(int column) const;
    [[nodiscard]] std::vector<float> decode_vector(int column) const;
    /// The elements of a one-dimensional array without NULLs, each as its raw bytes.
    [[nodiscard]] std::vector<std::string_view> decode_array(int column) const;
    [[nodiscard]] std::vector<std::int32_t> decode_integers(int column) const;
    [[nodiscard]] std::vector<Uuid> decode_uuids(int column) const;
    const pg_result* result_;
    int row_;
};

template <class T>
T Row::get(int column) const {
    if constexpr (json::detail::is_optional<T>::value) {
        if (is_null(column)) return std::nullopt;
        return get<typename T::value_type>(column);
    } else if constexpr (std::is_same_v<T, bool>) {
        return decode_bool(column);
    } else if constexpr (std::is_integral_v<T>) {
        return static_cast<T>(decode_integer(column));
    } else if constexpr (std::is_floating_point_v<T>) {
        return static_cast<T>(decode_float(column));
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
        return T(decode_text(column));
    } else if constexpr (std::is_same_v<T, json::Raw>) {
        return json::Raw{std::string(decode_text(column))};
    } else if constexpr (std::is_same_v<T, json::BasicRaw<std::string_view>>) {
        return {decode_text(column)};
    } else if constexpr (std::is_same_v<T, json::BigInt>) {
        return json::BigInt{decode_integer(column)};
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return Bytes{std::string(decode_bytes(column))};
    } else if constexpr (std::is_same_v<T, Time>) {
        return decode_time(column);
    } else if constexpr (json::detail::is_id<T>::value) {
        return T{decode_uuid(column)};
    } else if constexpr (std::is_same_v<T, std::vector<float>>) {
        return decode_vector(column);
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
        std::vector<std::string> items;
        for (const auto item : decode_array(column)) items.emplace_back(item);
        return items;
    } else if constexpr (std::is_same_v<T, std::vector<std::int32_t>>) {
        return decode_integers(column);
    } else if constexpr (json::detail::is_vector<T>::value) {
        T ids;
        for (const auto& uuid : decode_uuids(column)) ids.push_back({uuid});
        return ids;
    } else if constexpr (std::is_enum_v<T>) {
        const auto found = json::parse_enum<T>(decode_text(column));
        if (!found) throw std::logic_error("unknown enum value in a column");
        return *found;
    } else {
        static_assert(std::is_same_v<T, void>, "no decoding for this type");
    }
}

template <class T>
T Row::as() const {
    if constexpr (boost::describe::has_describe_members<T>::value)
        return as(Columns<T>(result_));
    else
        return get<T>(0);
}

template <class T>
T Row::as(const Columns<T>& columns) const {
    T item{};
    std::size_t member = 0;
    boost::mp11::mp_for_each<json::detail::members<T>>([&](auto d) {
        using Member = std::remove_reference_t<decltype(item.*d.pointer)>;
        item.*d.pointer = get<Member>(columns[member++]);
    });
    return item;
}

template <class T>
std::vector<T> Rows::all(std::size_t count_max) const {
    std::vector<T> items;
    items.reserve(std::min(size(), count_max));
    for_each<T>(count_max, [&](T&& item) { items.push_back(std::move(item)); });
    return items;
}

template <class T, class F>
void Rows::for_each(std::size_t count_max, F function) const {
    const std::size_t count = std::min(size(), count_max);
    if (count == 0) return;
    if constexpr (boost::describe::has_describe_members<T>::value) {
        const Columns<T> columns(result_.get());
        for (std::size_t i = 0; i < count; ++i) function((*this)[i].as(columns));
    } else {
        for (std::size_t i = 0; i < count; ++i) function((*this)[i].template as<T>());
    }
}

template <class T>
Columns<T>::Columns(const pg_result* result) {
    std::size_t member = 0;
    int next = 0;  // statements mostly select in the members' order
    boost::mp11::mp_for_each<json::detail::members<T>>([&](auto d) {
        const int column = find_column(result, d.name, next);
        columns_[member++] = column;
        next = column + 1;
    });
}

}  // namespace stoa::postgres
