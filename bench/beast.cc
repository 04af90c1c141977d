// SPDX-License-Identifier: Apache-2.0
// bench_beast: the floor: a bare Boost.Beast server with one thread that answers each path with
// fixed bytes. In: a folder of files; /NAME is answered with the bytes of NAME, whatever the method
// and the body. Out: "port N" on standard output, then answers until it is ended.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Files = std::map<std::string, std::string, std::less<>>;

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, const Files& files) : socket_(std::move(socket)), files_(files) {}

    void read() {
        parser_.emplace();
        parser_->body_limit(boost::none);
        http::async_read(
            socket_, buffer_, *parser_, [self = shared_from_this()](auto error, std::size_t) {
                if (!error) {
                    self->answer();
                }
            });
    }

private:
    void answer() {
        const auto& request = parser_->get();
        const auto target = request.target();
        const auto file = files_.find(std::string_view(target.data(), target.size()));
        const bool found = file != files_.end();
        answer_ = {found ? http::status::ok : http::status::not_found, request.version()};
        answer_.set(http::field::content_type, "application/octet-stream");
        answer_.keep_alive(request.keep_alive());
        // span_body does not change what it points to, but has no const form for its writer.
        answer_.body() = found ? beast::span<const char>(file->second.data(), file->second.size())
                               : beast::span<const char>();
        answer_.prepare_payload();
        http::async_write(socket_, answer_, [self = shared_from_this()](auto error, std::size_t) {
            if (!error && self->answer_.keep_alive()) {
                self->read();
            }
        });
    }

    tcp::socket socket_;
    const Files& files_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::span_body<const char>> answer_;
};

void accept(tcp::acceptor& acceptor, const Files& files) {
    acceptor.async_accept([&](auto error, tcp::socket socket) {
        if (!error) {
            socket.set_option(tcp::no_delay(true), error);
            std::make_shared<Session>(std::move(socket), files)->read();
        }
        accept(acceptor, files);
    });
}

Files read_folder(const char* folder) {
    Files files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        files["/" + entry.path().filename().string()] =
            std::string(std::istreambuf_iterator<char>(in), {});
    }
    return files;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): it is started by hand; what fails is shown.
int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: bench_beast FOLDER\n", stderr);
        return 64;
    }
    const Files files = read_folder(argv[1]);
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    std::printf("port %u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    accept(acceptor, files);
    context.run();
    return 0;
}
