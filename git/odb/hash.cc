// SPDX-License-Identifier: Apache-2.0
#include "git/odb/hash.h"

#include <cstring>
#include <tuple>
#include <utility>

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "git/odb/libgit2_init.h"

// libgit2 exports no hash, but two things that hash: git_odb_hash (one buffer), and a write stream
// of an object database, which hashes what passes through it. The latter gets a backend that
// throws the bytes away.
namespace origin::git {
namespace {

git_object_t git2_type(ObjectType type) {
    return static_cast<git_object_t>(type);  // The same numbers.
}

Error hash_error() {
    const git_error* last = git_error_last();
    const std::string message = last != nullptr ? last->message : "no message";
    if (message.find("collision") != std::string::npos) {
        return Error(Code::InvalidInput, "SHA-1 collision attack detected", message)
            .because("sha1_collision");
    }
    return {Code::Internal, "an object could not be hashed", "libgit2: " + message};
}

Oid oid_of(const git_oid& id) {
    Oid oid;
    std::memcpy(oid.raw.data(), id.id, kOidBytes);
    return oid;
}

int take_nothing(git_odb_stream*, const char*, std::size_t) {
    return 0;
}

int finish_nothing(git_odb_stream*, const git_oid*) {
    return 0;
}

void free_stream(git_odb_stream* stream) {
    const std::unique_ptr<git_odb_stream> owned(stream);
}

int open_stream(git_odb_stream** out,
                git_odb_backend* backend,
                git_object_size_t /*size*/,
                git_object_t /*type*/) {
    auto stream = std::make_unique<git_odb_stream>();
    stream->backend = backend;
    stream->mode = GIT_STREAM_WRONLY;
    stream->write = take_nothing;
    stream->finalize_write = finish_nothing;
    stream->free = free_stream;
    *out = stream.release();
    return 0;
}

void free_backend(git_odb_backend* backend) {
    const std::unique_ptr<git_odb_backend> owned(backend);
}

struct OdbFree {
    void operator()(git_odb* odb) const { git_odb_free(odb); }
};
struct StreamFree {
    void operator()(git_odb_stream* stream) const { git_odb_stream_free(stream); }
};

}  // namespace

Result<Oid> hash_object(ObjectType type, std::string_view data) {
    use_libgit2();
    git_oid id{};
    if (git_odb_hash(&id, data.data(), data.size(), git2_type(type)) != 0) {
        return std::unexpected(hash_error());
    }
    return oid_of(id);
}

struct ObjectHasher::State {
    std::unique_ptr<git_odb, OdbFree> odb;
    std::unique_ptr<git_odb_stream, StreamFree> stream;  // Declared last: freed before its odb.
};

ObjectHasher::ObjectHasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
ObjectHasher::ObjectHasher(ObjectHasher&&) noexcept = default;
ObjectHasher& ObjectHasher::operator=(ObjectHasher&&) noexcept = default;
ObjectHasher::~ObjectHasher() = default;

Result<ObjectHasher> ObjectHasher::start(ObjectType type, std::uint64_t size) {
    use_libgit2();
    auto state = std::make_unique<State>();
    git_odb* odb = nullptr;
    if (git_odb_new(&odb) != 0) {
        return std::unexpected(hash_error());
    }
    state->odb.reset(odb);
    auto backend = std::make_unique<git_odb_backend>();
    git_odb_init_backend(backend.get(), GIT_ODB_BACKEND_VERSION);
    backend->writestream = open_stream;
    backend->free = free_backend;
    if (git_odb_add_backend(odb, backend.get(), 1) != 0) {
        return std::unexpected(hash_error());
    }
    std::ignore = backend.release();  // The odb owns it now.
    git_odb_stream* stream = nullptr;
    if (git_odb_open_wstream(&stream, odb, size, git2_type(type)) != 0) {
        return std::unexpected(hash_error());
    }
    state->stream.reset(stream);
    return ObjectHasher(std::move(state));
}

Status ObjectHasher::update(Bytes bytes) {
    const std::string_view text = text_of(bytes);
    if (git_odb_stream_write(state_->stream.get(), text.data(), text.size()) != 0) {
        return std::unexpected(hash_error());
    }
    return {};
}

Result<Oid> ObjectHasher::finish() {
    git_oid id{};
    if (git_odb_stream_finalize_write(&id, state_->stream.get()) != 0) {
        return std::unexpected(hash_error());
    }
    return oid_of(id);
}

}  // namespace origin::git
