import ArgumentParser

/// The options that every verb has.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The socket of orchd; by default $ORCHD_SOCKET, your own daemon's, or /run/orchd.sock.", valueName: "path"))
    var socket: String?

    @Flag(help: "Print the daemon's result as JSON.")
    var json = false

    func validate() throws {
        if socket?.isEmpty ?? false { throw ValidationError("the path of --socket is empty; leave it out") }
    }
}
