// SPDX-License-Identifier: Apache-2.0
#include "http/negotiation.hpp"

#include <gtest/gtest.h>

namespace stoa::http {
namespace {

TEST(Negotiation, CodingsAreTakenByTheirQuality) {
    for (const char* taken :
         {"gzip", "br, gzip", "GZIP", "gzip;q=1", "gzip;q=1.000", "gzip ; q=0.001", "*",
          "br;q=1.0, *;q=0.1", "identity, gzip;q=0.5", "*;q=0, gzip"}) {
        EXPECT_TRUE(accepts_coding(taken, "gzip")) << taken;
    }
    for (const char* refused : {"", "br", "identity", "gzip;q=0", "gzip;q=0.000", "*;q=0",
                                "gzip;q=0, *", "xgzip", "gzip;q=", "gzip;q=2", "gzip;q=1.001",
                                "gzip;q=0.1234", "gzip;q=0,5", "gzip;level=9", ",,,", ";q=1"}) {
        EXPECT_FALSE(accepts_coding(refused, "gzip")) << refused;
    }
}

TEST(Negotiation, EtagsAreComparedWeakly) {
    EXPECT_TRUE(has_etag("\"a\"", "\"a\""));
    EXPECT_TRUE(has_etag("\"b\" , W/\"a\"", "\"a\""));
    EXPECT_TRUE(has_etag("*", "\"a\""));
    EXPECT_FALSE(has_etag("\"a-gzip\"", "\"a\""));
    EXPECT_FALSE(has_etag("a", "\"a\""));
    EXPECT_FALSE(has_etag("", "\"a\""));
}

}  // namespace
}  // namespace stoa::http
