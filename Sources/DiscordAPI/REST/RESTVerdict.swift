import FoundationEssentials
import NIOHTTP1

/// What an answer of the API means for the request.
extension RESTClient {
    enum Verdict: Sendable {
        case good
        /// A limit: it waits for its turn once more.
        case again
        /// Something went wrong on the other side, before it was done or after.
        case maybe(String)
        case final(DiscordError)
    }

    private struct Problem: Decodable {
        var message: String?
        var code: Int?
        var retry_after: Double?
        var global: Bool?
        var errors: FormProblem?
    }

    /// The first field that is wrong, and why, out of a tree as deep as the form.
    private struct FormProblem: Decodable {
        var text: String?

        private struct Single: Decodable { var message: String }

        init(from decoder: any Decoder) throws {
            guard decoder.codingPath.count < 12, let container = try? decoder.container(keyedBy: NameKey.self) else { return }
            if let own: [Single] = container.lenient(NameKey("_errors")), let first = own.first {
                let place = decoder.codingPath.dropFirst().map { $0.intValue.map(String.init) ?? $0.stringValue }
                text = "\(place.joined(separator: ".")): \(first.message)"
                return
            }
            for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
                if let inner: FormProblem = container.lenient(key), let found = inner.text {
                    text = found
                    return
                }
            }
        }
    }

    static func verdict(on answer: WebClient.Answer, of request: RESTRequest) -> Verdict {
        if (200..<300).contains(answer.status) { return .good }
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
        let refusal = DiscordError.Refusal(
            status: answer.status, code: problem?.code ?? 0, message: text(of: problem, status: answer.status))
        switch answer.status {
        case 429:
            // Too many edits to an old message. The wait is long, and the next message need not wait.
            guard refusal.code == 30046 else { return .again }
            return .final(.limited(for: problem?.retry_after.flatMap(RateHeaders.milliseconds) ?? 3_600_000))
        case 401 where request.needsToken: return .final(.unauthorized)
        // The token of an interaction that is over.
        case 401, 404: return .final(.notFound(refusal))
        case 403: return .final(.forbidden(refusal))
        case 408, 500...: return .maybe("Discord has a problem (\(answer.status))")
        case 300..<400: return .final(.unavailable("another server answered instead of Discord (\(answer.status))"))
        default: return .final(.invalid(refusal))
        }
    }

    private static func text(of problem: Problem?, status: Int) -> String {
        guard let problem, let message = problem.message else { return "something that is not Discord's API has answered" }
        let text = problem.errors?.text.map { "\(message): \($0)" } ?? message
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }.prefix(500)))
    }

    static func rateHeaders(of answer: WebClient.Answer) -> RateHeaders {
        var headers = RateHeaders { answer.headers.first(name: $0) }
        guard answer.status == 429 else { return headers }
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body)) else {
            // It comes from what stands before Discord, and is about this address.
            headers.scope = .all
            headers.retryAfter = headers.retryAfter ?? 60_000
            return headers
        }
        if problem.global == true { headers.scope = .all }
        // The body has the fraction of the second, the header rounds it up.
        if let precise = problem.retry_after.flatMap(RateHeaders.milliseconds) { headers.retryAfter = precise }
        return headers
    }
}
