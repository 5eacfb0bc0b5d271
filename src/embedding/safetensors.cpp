// SPDX-License-Identifier: Apache-2.0
#include "embedding/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include <boost/json/parse.hpp>

namespace stoa::embedding {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is read as it lies");

constexpr std::size_t length_bytes = 8;
constexpr std::size_t dimensions_max = 8;

tl::unexpected<Error> corrupt(std::string why) {
    return fail(ErrorKind::unavailable, "model_corrupt", "The model file is damaged: " + why + ".");
}

std::uint64_t read_length(std::span<const std::byte> file) {
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), length_bytes);
    return length;
}

std::uint64_t element_bytes(std::string_view dtype) {
    if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
    if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
    if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
    if (dtype == "I8" || dtype == "U8" || dtype == "BOOL") return 1;
    return 0;
}

bool read_size(const boost::json::value& value, std::uint64_t& size) {
    const auto* number = value.if_int64();
    if (number == nullptr || *number < 0) return false;
    size = static_cast<std::uint64_t>(*number);
    return true;
}

/// Fills `place` from its JSON; false if the JSON is not of the format or contradicts itself.
bool read_place(const boost::json::value& value, std::uint64_t data_bytes, TensorPlace& place) {
    const auto* object = value.if_object();
    if (object == nullptr || object->size() != 3) return false;
    const auto* dtype = object->if_contains("dtype");
    const auto* shape = object->if_contains("shape");
    const auto* offsets = object->if_contains("data_offsets");
    if (dtype == nullptr || shape == nullptr || offsets == nullptr) return false;
    if (!dtype->is_string() || !shape->is_array() || !offsets->is_array()) return false;
    if (shape->get_array().size() > dimensions_max || offsets->get_array().size() != 2)
        return false;

    place.dtype = dtype->get_string();
    std::uint64_t bytes = element_bytes(place.dtype);
    if (bytes == 0) return false;
    for (const auto& item : shape->get_array()) {
        std::uint64_t size = 0;
        if (!read_size(item, size)) return false;
        if (size != 0 && bytes > std::numeric_limits<std::uint64_t>::max() / size) return false;
        bytes *= size;
        place.shape.push_back(size);
    }
    if (!read_size(offsets->get_array()[0], place.begin)) return false;
    if (!read_size(offsets->get_array()[1], place.end)) return false;
    return place.begin <= place.end && place.end <= data_bytes && place.end - place.begin == bytes;
}

}  // namespace

Result<TensorTable> parse_tensor_table(std::span<const std::byte> file) {
    if (file.size() < length_bytes) return corrupt("it ends before its header");
    const std::uint64_t header_bytes = read_length(file);
    if (header_bytes > header_bytes_max) return corrupt("its header would be over 1 MiB");
    if (header_bytes > file.size() - length_bytes) return corrupt("it ends within its header");
    const std::uint64_t data_bytes = file.size() - length_bytes - header_bytes;

    boost::json::parse_options options;
    options.max_depth = 4;
    boost::system::error_code error;
    const auto root = boost::json::parse(
        {reinterpret_cast<const char*>(file.data()) + length_bytes, header_bytes}, error,
        boost::json::storage_ptr(), options);
    if (error || !root.is_object()) return corrupt("its header is not a JSON object");
    if (root.get_object().size() > tensors_max) return corrupt("it lists over 4096 tensors");

    TensorTable table;
    for (const auto& entry : root.get_object()) {
        if (entry.key() == "__metadata__") continue;
        TensorPlace place;
        if (!read_place(entry.value(), data_bytes, place)) {
            return corrupt("the tensor '" + std::string(entry.key()).substr(0, 100) +
                           "' has a wrong type, shape or place");
        }
        table.emplace(entry.key(), std::move(place));
    }
    return table;
}

Result<Safetensors> Safetensors::open(const std::filesystem::path& file) {
    auto mapping = Mapping::of_file(file);
    if (!mapping) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(file, ignored) &&
            std::filesystem::is_empty(file, ignored)) {
            return corrupt(file.string() + " is empty");
        }
        return fail(ErrorKind::unavailable, "model_missing",
                    "The model file " + file.string() + " cannot be opened.");
    }
    Safetensors opened(std::move(*mapping));
    const auto bytes = opened.mapping_.bytes();
    auto table = parse_tensor_table(bytes);
    if (!table) return fail(table);
    opened.table_ = std::move(*table);
    opened.data_ = bytes.subspan(length_bytes + read_length(bytes));
    return opened;
}

Result<std::span<const float>> Safetensors::floats(
    std::string_view name, std::initializer_list<std::uint64_t> shape) const {
    const auto found = table_.find(name);
    if (found == table_.end()) return corrupt("it has no tensor '" + std::string(name) + "'");
    const TensorPlace& place = found->second;
    const std::byte* first = data_.data() + place.begin;
    if (place.dtype != "F32" || !std::ranges::equal(place.shape, shape) ||
        reinterpret_cast<std::uintptr_t>(first) % alignof(float) != 0) {
        return corrupt("the tensor '" + std::string(name) +
                       "' is not of the model's type and shape");
    }
    return std::span(reinterpret_cast<const float*>(first),
                     (place.end - place.begin) / sizeof(float));
}

}  // namespace stoa::embedding
