import OrchProtocol

@testable import OrchClient

/// The parameters of each method: the first byte says which, the rest is the JSON.
enum ParametersTarget: FuzzTarget {
    static let name = "parameters"

    static func check(_ input: [UInt8]) throws {
        guard let first = input.first else { return }
        let method = Methods.all[Int(first) % Methods.all.count]
        let parameters = Array(input.dropFirst())
        var scanner = JSONScanner(parameters)
        guard (try? scanner.value())?.upperBound == parameters.count else { return }
        let head = #"{"jsonrpc":"2.0","id":1,"method":"\#(method.name)","params":"#
        let result = try RequestTarget.request(Array(head.utf8) + parameters + [UInt8(ascii: "}")])
        switch result {
        case .success(let request):
            try hold(request.call.method.name == method.name, "read as another method")
        case .failure(let error):
            guard error.kind == .invalidParameter else { return }
            // What is wrong with all of them has no field.
            let isNamed = error.data?.field != nil || error.message.contains("the parameters of \(method.name)")
            try hold(isNamed, "an error that does not say where: \(error)")
        }
    }
}
