// SPDX-License-Identifier: Apache-2.0
// The REST side of the library: each function gives the handler of one route; app/route_table.cpp
// says which. All need `Access::signed_in`. The `Documents` outlives the handlers. Any thread.
#pragma once

#include "documents/documents.hpp"
#include "documents/table_questions.hpp"
#include "http/message.hpp"

namespace stoa::documents::routes {

http::Handler upload(Documents& documents);          ///< POST /documents/upload (multipart)
http::Handler library(Documents& documents);         ///< GET /documents/library
http::Handler usage(Documents& documents);           ///< GET /documents/usage
http::Handler get(Documents& documents);             ///< GET /documents/{doc_id}
http::Handler change(Documents& documents);          ///< PATCH /documents/{doc_id}
http::Handler remove(Documents& documents);          ///< DELETE /documents/{doc_id}
http::Handler file(Documents& documents);            ///< GET /documents/{doc_id}/file
http::Handler replace_file(Documents& documents);    ///< PUT /documents/{doc_id}/file (multipart)
http::Handler page(Documents& documents);            ///< GET /documents/{doc_id}/pages/{page}
http::Handler profile(TableQuestions& tables);       ///< GET /documents/{doc_id}/profile
http::Handler query_table(TableQuestions& tables);   ///< POST /documents/{doc_id}/query
http::Handler share(Documents& documents);           ///< POST /documents/share
http::Handler permissions(Documents& documents);     ///< GET /documents/{doc_id}/permissions
http::Handler put_permission(Documents& documents);  ///< PUT /documents/{doc_id}/permissions
http::Handler delete_permission(Documents& documents);  ///< DELETE /documents/{doc_id}/permissions
http::Handler of_room(Documents& documents);            ///< GET /rooms/{room_id}/documents

}  // namespace stoa::documents::routes
