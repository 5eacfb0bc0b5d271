// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_metadata.hpp"

#include <gtest/gtest.h>

namespace stoa::documents {
namespace {

TEST(UploadMetadata, Is_read_as_clients_write_it) {
    const auto fields =
        read_metadata("filename bm90ZXMudHh0, title WmVsbGVu,is_public dHJ1ZQ==,note");
    ASSERT_TRUE(fields);
    ASSERT_EQ(fields->size(), 4U);
    EXPECT_EQ((*fields)[0].name, "filename");
    EXPECT_EQ((*fields)[0].value, "notes.txt");
    EXPECT_EQ((*fields)[1].value, "Zellen");
    EXPECT_EQ((*fields)[2].value, "true");
    EXPECT_EQ((*fields)[3].value, "");
    EXPECT_EQ(write_metadata(*fields),
              "filename bm90ZXMudHh0,title WmVsbGVu,is_public dHJ1ZQ==,note");
    EXPECT_TRUE(read_metadata("")->empty());
}

TEST(UploadMetadata, What_is_wrong_is_named) {
    for (const auto* bad : {"a b!", "a bm90ZXMudHh0 x", ",", "a YQ==,,", " ", "a YQ",
                            "a AA==", "a /w==", "\xc3\xa4 YQ=="}) {
        const auto fields = read_metadata(bad);
        ASSERT_FALSE(fields) << bad;
        EXPECT_EQ(fields.error().code, "validation_failed");
        EXPECT_EQ(fields.error().fields.at(0).loc.back(), "upload-metadata");
    }
    std::string many;
    for (int i = 0; i < 33; ++i) many += (i == 0 ? "k" : ",k") + std::to_string(i);
    EXPECT_FALSE(read_metadata(many));
}

}  // namespace
}  // namespace stoa::documents
