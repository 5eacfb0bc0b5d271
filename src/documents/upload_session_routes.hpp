// SPDX-License-Identifier: Apache-2.0
// Resumable uploads over HTTP: tus 1.0.0 (https://tus.io) with its extensions creation, termination
// and expiration, and a last request that makes the document. All need `Access::signed_in`. The
// `UploadSessions` outlive the handlers. Any thread.
#pragma once

#include "documents/upload_sessions.hpp"
#include "http/body_sink.hpp"
#include "http/message.hpp"

namespace stoa::documents::routes {

http::Handler create_upload(UploadSessions& uploads);  ///< POST /documents/uploads
http::Handler list_uploads(UploadSessions& uploads);   ///< GET /documents/uploads
http::Handler get_upload(UploadSessions& uploads);     ///< GET, HEAD /documents/uploads/{upload_id}
http::Handler delete_upload(UploadSessions& uploads);  ///< DELETE /documents/uploads/{upload_id}
http::Handler finish_upload(UploadSessions& uploads);  ///< POST …/{upload_id}/finish
http::BodySinkFactory append_to_upload(UploadSessions& uploads);  ///< PATCH …/{upload_id}
/// What OPTIONS tells of both paths.
http::Headers upload_options(const UploadSessions& uploads);

}  // namespace stoa::documents::routes
