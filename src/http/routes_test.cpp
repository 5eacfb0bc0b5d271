// SPDX-License-Identifier: Apache-2.0
#include "http/routes.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stoa::http {
namespace {

using testing::ElementsAre;

class RoutesTest : public testing::Test {
  protected:
    RoutesTest() {
        for (const auto* path : {"/", "/rooms/list", "/rooms/{room_id}",
                                 "/rooms/{room_id}/messages", "/rooms/{room_id}/messages/{id}"}) {
            routes.get(path, Access::anyone, handler);
        }
        routes.post("/rooms/create", Access::anyone, handler);
        routes.remove("/rooms/{id}", Access::anyone, handler);
    }
    std::string found(Method method, std::string_view path) const {
        const auto match = routes.find(method, path);
        if (match.route == nullptr) return match.allowed.empty() ? "404" : "405";
        std::string text = match.route->path;
        for (const auto& [name, value] : match.path_parameters) text += ' ' + name + '=' + value;
        return text;
    }
    Handler handler = [](Request&) { return Response::no_content(); };
    Routes routes;
};

TEST_F(RoutesTest, PrefersFixedSegments) {
    EXPECT_EQ(found(Method::get, "/"), "/");
    EXPECT_EQ(found(Method::get, "/rooms/list"), "/rooms/list");
    EXPECT_EQ(found(Method::get, "/rooms/7"), "/rooms/{room_id} room_id=7");
    EXPECT_EQ(found(Method::delete_, "/rooms/7"), "/rooms/{id} id=7");
    // A fixed segment that leads nowhere does not hide the parameter.
    EXPECT_EQ(found(Method::get, "/rooms/list/messages"), "/rooms/{room_id}/messages room_id=list");
    EXPECT_EQ(found(Method::get, "/rooms/7/messages/8"),
              "/rooms/{room_id}/messages/{id} room_id=7 id=8");
}

TEST_F(RoutesTest, MatchesWholePathsOnly) {
    for (const auto* path : {"", "rooms", "/rooms", "/rooms/", "/rooms//messages", "/rooms/7/",
                             "/rooms/7/messages/8/9", "//"}) {
        EXPECT_EQ(found(Method::get, path), "404") << path;
    }
}

TEST_F(RoutesTest, TellsTheMethodsOfAPath) {
    EXPECT_EQ(found(Method::get, "/rooms/create"), "405");
    EXPECT_THAT(routes.find(Method::put, "/rooms/7").allowed,
                ElementsAre(Method::get, Method::head, Method::delete_));
    EXPECT_EQ(found(Method::head, "/rooms/list"), "/rooms/list");
}

TEST_F(RoutesTest, RefusesToDeclareARouteTwice) {
    EXPECT_THROW(routes.get("/rooms/{other}", Access::anyone, handler), std::logic_error);
    EXPECT_THROW(routes.get("rooms", Access::anyone, handler), std::logic_error);
}

}  // namespace
}  // namespace stoa::http
