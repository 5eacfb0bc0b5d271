// SPDX-License-Identifier: Apache-2.0
#include "embedding/safetensors.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace stoa::embedding {
namespace {

std::string make_file(const std::string& header, std::size_t data_bytes) {
    const std::uint64_t length = header.size();
    std::string file(sizeof length, '\0');
    std::memcpy(file.data(), &length, sizeof length);
    return file + header + std::string(data_bytes, '\0');
}

Result<TensorTable> parse(const std::string& file) {
    return parse_tensor_table(std::as_bytes(std::span(file)));
}

TEST(Safetensors, ReadsATable) {
    const auto table = parse(make_file(R"({"__metadata__":{"format":"pt"},)"
                                       R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                                       R"("b":{"dtype":"I64","shape":[],"data_offsets":[24,32]}})",
                                       32));
    ASSERT_TRUE(table) << table.error().message;
    ASSERT_EQ(table->size(), 2U);
    EXPECT_EQ(table->at("a").shape, (std::vector<std::uint64_t>{2, 3}));
    EXPECT_EQ(table->at("b").begin, 24U);
}

TEST(Safetensors, RefusesHostileHeaders) {
    const auto tensor = [](const std::string& fields) { return R"({"a":{)" + fields + "}}"; };
    const std::vector<std::string> headers = {
        "",
        "[]",
        "{",
        R"({"a":1})",
        R"({"a":{}})",
        std::string(100, '[') + std::string(100, ']'),
        R"({"a":)" + std::string(50000, '['),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,9])"),
        tensor(R"("dtype":"F32","shape":[9],"data_offsets":[0,36])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[-8,0])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,8])"),
        tensor(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"),
        tensor(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"),
        tensor(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"),
        tensor(R"("dtype":"F33","shape":[2],"data_offsets":[0,8])"),
        tensor(R"("dtype":4,"shape":[2],"data_offsets":[0,8])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1)"),
        tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
        tensor(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"),
        tensor(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8])"),
        tensor(R"("dtype":"F32","shape":[2],"data_offsets":[9223372036854775807,99])"),
    };
    for (const auto& header : headers) {
        const auto table = parse(make_file(header, 16));
        ASSERT_FALSE(table) << header;
        EXPECT_EQ(table.error().code, "model_corrupt");
    }
}

TEST(Safetensors, RefusesLengthsPastTheFile) {
    EXPECT_FALSE(parse(""));
    EXPECT_FALSE(parse("1234567"));
    EXPECT_FALSE(parse(std::string(8, '\xFF')));
    EXPECT_FALSE(parse(std::string("\x10\0\0\0\0\0\0\0{}", 10)));
    EXPECT_FALSE(parse(make_file("{}" + std::string(2U << 20U, ' '), 0)));
    std::string many = "{";
    for (int i = 0; i < 5000; ++i) many += "\"" + std::to_string(i) + "\":0,";
    EXPECT_FALSE(parse(make_file(many + "\"x\":0}", 0)));
}

}  // namespace
}  // namespace stoa::embedding
