import NIOHTTP1

/// Answers to interactions, and files.
extension RESTClient {
    /// The first answer: within three seconds, else `notFound`.
    public func respond(to interaction: Interaction, with response: InteractionResponse) async throws(DiscordError) {
        var request = RESTRequest(.POST, "/interactions/{}/{}/callback", interaction.id.description, interaction.token.text)
        request.route.isLimited = false
        request.route.countsForAll = false
        request.needsToken = false
        request.priority = .answer
        request.patience = 2500
        do throws(DiscordError) {
            try await done(try request.with(json: response, files: response.files))
        } catch {
            // An answer is there: the first try has arrived.
            guard case .invalid(let refusal) = error, refusal.code == 40060 else { throw error }
        }
    }

    /// What `respond` has sent or promised becomes this: within 15 minutes.
    public func editOriginal(of interaction: Interaction, to draft: MessageDraft) async throws(DiscordError) -> Message {
        try await answer(try webhook(.PATCH, "/messages/@original", interaction).with(json: draft, files: draft.files))
    }

    /// One more message: within 15 minutes. It has no nonce, and so may be there twice after `unclear`.
    public func followUp(_ interaction: Interaction, with draft: MessageDraft) async throws(DiscordError) -> Message {
        var request = webhook(.POST, "", interaction)
        request.repetition = .unsafe
        return try await answer(try request.with(json: draft, files: draft.files))
    }

    private func webhook(_ method: HTTPMethod, _ path: String, _ interaction: Interaction) -> RESTRequest {
        var request = RESTRequest(
            method, "/webhooks/{}/{}" + path, interaction.applicationID.description, interaction.token.text)
        // Each token has a bucket of its own; the id stands for it.
        request.route.major = interaction.id.description
        request.route.countsForAll = false
        request.needsToken = false
        request.priority = .answer
        return request
    }

    /// The bytes of a file: from Discord's own host only, without following it elsewhere, and never more than `bytes`.
    public func download(_ attachment: Attachment, atMost bytes: Int) async throws(DiscordError) -> [UInt8] {
        let name = attachment.filename.prefix(100)
        guard let address = WebAddress(attachment.url), address.scheme == places.files.scheme,
            address.host == places.files.host, address.port == places.files.port
        else { throw .refused("the file \"\(name)\" is not where Discord keeps files (\(places.files))") }
        let tooLarge = DiscordError.refused("the file \"\(name)\" has more than \(bytes) bytes")
        guard attachment.size <= bytes else { throw tooLarge }
        let headers = HTTPHeaders([("User-Agent", "orch-discord")])
        var attempt = 1
        while true {
            let failure: DiscordError
            switch await web.exchange(.GET, address.description, headers: headers, seconds: 60, atMost: bytes) {
            case .success(let answer) where answer.status == 200: return answer.body
            case .success(let answer): failure = Self.failure(of: answer.status, name)
            case .failure(.cancelled): throw .cancelled
            case .failure(.tooLarge): throw tooLarge
            case .failure(.notSent(let why)), .failure(.noAnswer(let why)):
                failure = .unavailable("the file \"\(name)\": \(why)")
            }
            guard failure.isPassing, attempt < Self.attempts else { throw failure }
            try await sleep(Self.pause(after: attempt))
            attempt += 1
        }
    }

    private static func failure(of status: Int, _ name: Substring) -> DiscordError {
        switch status {
        case 300..<400: .refused("the file \"\(name)\" is said to be somewhere else")
        case 404, 410: .notFound(.init(status: status, message: "the file \"\(name)\" is no longer there"))
        case 408, 429, 500...: .unavailable("the file \"\(name)\": Discord has a problem (\(status))")
        default: .forbidden(.init(status: status, message: "the file \"\(name)\" cannot be had"))
        }
    }
}

extension InteractionResponse {
    var files: [OutgoingFile] {
        switch self {
        case .message(let draft), .update(let draft): draft.files
        case .deferred, .deferredUpdate, .choices, .modal: []
        }
    }
}
