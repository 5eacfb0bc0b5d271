// SPDX-License-Identifier: Apache-2.0
#include "postgres/codec.hpp"

#include <bit>
#include <limits>

#include <libpq-fe.h>

namespace stoa::postgres {

namespace {

// From PostgreSQL's pg_type.dat; these never change. Types made by extensions and CREATE TYPE have
// numbers from 16384 on, other in each database.
enum Oid : std::uint32_t {
    oid_infer = 0,
    oid_bool = 16,
    oid_bytea = 17,
    oid_name = 19,
    oid_int8 = 20,
    oid_int2 = 21,
    oid_int4 = 23,
    oid_text = 25,
    oid_json = 114,
    oid_float4 = 700,
    oid_float8 = 701,
    oid_int4_array = 1007,
    oid_text_array = 1009,
    oid_bpchar = 1042,
    oid_varchar = 1043,
    oid_date = 1082,
    oid_timestamp = 1114,
    oid_timestamptz = 1184,
    oid_uuid = 2950,
    oid_uuid_array = 2951,
    oid_jsonb = 3802,
    oid_first_of_database = 16384,
};

// PostgreSQL counts from 2000-01-01.
constexpr std::chrono::seconds postgres_epoch{946'684'800};
constexpr std::int64_t infinity = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t minus_infinity = std::numeric_limits<std::int64_t>::min();

template <class U>
void append_big_endian(std::string& out, U value) {
    for (int shift = static_cast<int>(sizeof(U) * 8) - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint8_t>(value >> shift));
}

template <class U>
U read_big_endian(std::string_view bytes) {
    if (bytes.size() < sizeof(U)) throw std::logic_error("a value of PostgreSQL is too short");
    U value = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i)
        value = static_cast<U>(static_cast<U>(value << 8) | static_cast<std::uint8_t>(bytes[i]));
    return value;
}

template <class U>
std::string big_endian(U value) {
    std::string out;
    append_big_endian(out, value);
    return out;
}

/// The header of a one-dimensional array without NULLs, indexed from 1.
std::string array_header(std::size_t size, std::uint32_t element_type) {
    std::string out;
    append_big_endian<std::uint32_t>(out, size == 0 ? 0 : 1);
    append_big_endian<std::uint32_t>(out, 0);
    append_big_endian(out, element_type);
    if (size == 0) return out;
    append_big_endian(out, static_cast<std::uint32_t>(size));
    append_big_endian<std::uint32_t>(out, 1);
    return out;
}

void append_element(std::string& out, std::string_view bytes) {
    append_big_endian(out, static_cast<std::uint32_t>(bytes.size()));
    out += bytes;
}

std::string_view as_bytes(const Uuid& uuid) {
    return {reinterpret_cast<const char*>(uuid.data()), uuid.size()};
}

Uuid to_uuid(std::string_view bytes) {
    if (bytes.size() != 16) throw std::logic_error("a uuid of PostgreSQL has 16 bytes");
    Uuid uuid;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(uuid.data()));
    return uuid;
}

std::string_view value_of(const pg_result* result, int row, int column) {
    const int length = PQgetlength(result, row, column);
    // Only what has no bytes may be NULL or missing.
    if (length == 0) {
        if (column < 0 || column >= PQnfields(result)) throw std::logic_error("no such column");
        if (PQgetisnull(result, row, column) != 0)
            throw std::logic_error(std::string("unexpected NULL in column ") +
                                   PQfname(result, column));
    }
    return {PQgetvalue(result, row, column), static_cast<std::size_t>(length)};
}

[[noreturn]] void wrong_type(const pg_result* result, int column, const char* wanted) {
    throw std::logic_error(std::string("column ") + PQfname(result, column) + " has the type " +
                           std::to_string(PQftype(result, column)) + ", asked for as " + wanted);
}

}  // namespace

void Parameters::add(std::nullptr_t) { values_.push_back({oid_infer, true, true, {}}); }

void Parameters::add(bool value) {
    values_.push_back({oid_bool, false, true, std::string(1, value ? '\1' : '\0')});
}

void Parameters::add(std::int32_t value) {
    values_.push_back({oid_int4, false, true, big_endian(static_cast<std::uint32_t>(value))});
}

void Parameters::add(std::int64_t value) {
    values_.push_back({oid_int8, false, true, big_endian(static_cast<std::uint64_t>(value))});
}

void Parameters::add(double value) {
    values_.push_back({oid_float8, false, true, big_endian(std::bit_cast<std::uint64_t>(value))});
}

void Parameters::add(std::string_view value) {
    has_nul_ |= value.find('\0') != std::string_view::npos;
    values_.push_back({oid_infer, false, false, std::string(value)});
}

void Parameters::add(Time value) {
    // The ends of our range are PostgreSQL's infinities.
    std::int64_t ticks = value.time_since_epoch().count();
    constexpr std::int64_t offset = std::chrono::microseconds(postgres_epoch).count();
    if (ticks < minus_infinity + offset)
        ticks = minus_infinity;
    else if (ticks != infinity)
        ticks -= offset;
    values_.push_back(
        {oid_timestamptz, false, true, big_endian(static_cast<std::uint64_t>(ticks))});
}

void Parameters::add(const Bytes& value) {
    values_.push_back({oid_bytea, false, true, value.value});
}

void Parameters::add(const json::Raw& value) {
    has_nul_ |= value.text.find('\0') != std::string::npos;
    values_.push_back({oid_jsonb, false, true, '\1' + value.text});
}

void Parameters::add(std::span<const float> value) {
    std::string bytes;
    bytes.reserve(4 + value.size() * 4);
    append_big_endian(bytes, static_cast<std::uint16_t>(value.size()));
    append_big_endian<std::uint16_t>(bytes, 0);
    for (const float number : value) append_big_endian(bytes, std::bit_cast<std::uint32_t>(number));
    values_.push_back({oid_infer, false, true, std::move(bytes)});
}

void Parameters::add(const std::vector<std::string>& value) {
    std::string bytes = array_header(value.size(), oid_text);
    for (const auto& text : value) {
        has_nul_ |= text.find('\0') != std::string::npos;
        append_element(bytes, text);
    }
    values_.push_back({oid_text_array, false, true, std::move(bytes)});
}

void Parameters::add(const std::vector<std::int32_t>& value) {
    std::string bytes = array_header(value.size(), oid_int4);
    for (const auto number : value)
        append_element(bytes, big_endian(static_cast<std::uint32_t>(number)));
    values_.push_back({oid_int4_array, false, true, std::move(bytes)});
}

void Parameters::add_uuid(const Uuid& uuid) {
    values_.push_back({oid_uuid, false, true, std::string(as_bytes(uuid))});
}

void Parameters::add_uuids(const std::vector<Uuid>& uuids) {
    std::string bytes = array_header(uuids.size(), oid_uuid);
    for (const auto& uuid : uuids) append_element(bytes, as_bytes(uuid));
    values_.push_back({oid_uuid_array, false, true, std::move(bytes)});
}

Rows::Rows(std::shared_ptr<pg_result> result) : result_(std::move(result)) {}

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t Rows::affected() const {
    return static_cast<std::size_t>(std::strtoull(PQcmdTuples(result_.get()), nullptr, 10));
}

Row Rows::operator[](std::size_t index) const {
    if (index >= size()) throw std::logic_error("no such row");
    return {result_.get(), static_cast<int>(index)};
}

int find_column(const pg_result* result, const char* name, int likely) {
    // Not PQfnumber: that folds case and quotes, and copies the name for it.
    const int count = PQnfields(result);
    for (int i = 0; i < count; ++i) {
        const int column = (likely + i) % count;
        if (std::string_view(PQfname(result, column)) == name) return column;
    }
    throw std::logic_error(std::string("no column named ") + name);
}

bool Row::is_null(int column) const {
    if (column < 0 || column >= PQnfields(result_)) throw std::logic_error("no such column");
    return PQgetisnull(result_, row_, column) != 0;
}

bool Row::decode_bool(int column) const {
    const auto bytes = value_of(result_, row_, column);
    if (PQftype(result_, column) != oid_bool) wrong_type(result_, column, "bool");
    return read_big_endian<std::uint8_t>(bytes) != 0;
}

std::int64_t Row::decode_integer(int column) const {
    const auto bytes = value_of(result_, row_, column);
    switch (PQftype(result_, column)) {
        case oid_int2:
            return static_cast<std::int16_t>(read_big_endian<std::uint16_t>(bytes));
        case oid_int4:
            return static_cast<std::int32_t>(read_big_endian<std::uint32_t>(bytes));
        case oid_int8:
            return static_cast<std::int64_t>(read_big_endian<std::uint64_t>(bytes));
        default:
            wrong_type(result_, column, "an integer");
    }
}

double Row::decode_float(int column) const {
    const auto bytes = value_of(result_, row_, column);
    switch (PQftype(result_, column)) {
        case oid_float4:
            return std::bit_cast<float>(read_big_endian<std::uint32_t>(bytes));
        case oid_float8:
            return std::bit_cast<double>(read_big_endian<std::uint64_t>(bytes));
        default:
            return static_cast<double>(decode_integer(column));
    }
}

std::string_view Row::decode_text(int column) const {
    const auto bytes = value_of(result_, row_, column);
    switch (PQftype(result_, column)) {
        case oid_text:
        case oid_varchar:
        case oid_bpchar:
        case oid_name:
        case oid_json:
            return bytes;
        case oid_jsonb:
            return bytes.substr(1);  // after the version of the format
        default:
            // Enums, domains over text and citext travel as their text.
            if (PQftype(result_, column) >= oid_first_of_database) return bytes;
            wrong_type(result_, column, "text");
    }
}

std::string_view Row::decode_bytes(int column) const {
    const auto bytes = value_of(result_, row_, column);
    if (PQftype(result_, column) != oid_bytea) wrong_type(result_, column, "bytea");
    return bytes;
}

Time Row::decode_time(int column) const {
    const auto bytes = value_of(result_, row_, column);
    switch (PQftype(result_, column)) {
        case oid_date: {
            const auto days = static_cast<std::int32_t>(read_big_endian<std::uint32_t>(bytes));
            return Time(postgres_epoch + std::chrono::days(days));
        }
        case oid_timestamp:
        case oid_timestamptz:
            break;
        default:
            wrong_type(result_, column, "a time");
    }
    const auto ticks = static_cast<std::int64_t>(read_big_endian<std::uint64_t>(bytes));
    if (ticks == minus_infinity) return Time::min();
    if (ticks == infinity) return Time::max();
    return Time(postgres_epoch + std::chrono::microseconds(ticks));
}

Uuid Row::decode_uuid(int column) const {
    const auto bytes = value_of(result_, row_, column);
    if (PQftype(result_, column) != oid_uuid) wrong_type(result_, column, "an id");
    return to_uuid(bytes);
}

std::vector<float> Row::decode_vector(int column) const {
    const auto bytes = value_of(result_, row_, column);
    if (PQftype(result_, column) < oid_first_of_database) wrong_type(result_, column, "a vector");
    const std::size_t size = read_big_endian<std::uint16_t>(bytes);
    if (bytes.size() != 4 + size * 4) wrong_type(result_, column, "a vector");
    std::vector<float> numbers(size);
    for (std::size_t i = 0; i < size; ++i)
        numbers[i] = std::bit_cast<float>(read_big_endian<std::uint32_t>(bytes.substr(4 + i * 4)));
    return numbers;
}

std::vector<std::string_view> Row::decode_array(int column) const {
    auto bytes = value_of(result_, row_, column);
    const auto next = [&] {
        const auto number = read_big_endian<std::uint32_t>(bytes);
        bytes.remove_prefix(4);
        return number;
    };
    const auto dimensions = next();
    next();  // whether it has NULLs; an element's length says so too
    next();  // the elements' type
    std::vector<std::string_view> items;
    if (dimensions == 0) return items;
    if (dimensions != 1) wrong_type(result_, column, "a one-dimensional array");
    const std::size_t size = next();
    next();  // the first index
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t length = next();
        if (length > bytes.size()) wrong_type(result_, column, "an array without NULLs");
        items.push_back(bytes.substr(0, length));
        bytes.remove_prefix(length);
    }
    return items;
}

std::vector<std::int32_t> Row::decode_integers(int column) const {
    if (!is_null(column) && PQftype(result_, column) != oid_int4_array)
        wrong_type(result_, column, "int4[]");
    std::vector<std::int32_t> numbers;
    for (const auto item : decode_array(column))
        numbers.push_back(static_cast<std::int32_t>(read_big_endian<std::uint32_t>(item)));
    return numbers;
}

std::vector<Uuid> Row::decode_uuids(int column) const {
    std::vector<Uuid> uuids;
    for (const auto item : decode_array(column)) uuids.push_back(to_uuid(item));
    return uuids;
}

}  // namespace stoa::postgres
