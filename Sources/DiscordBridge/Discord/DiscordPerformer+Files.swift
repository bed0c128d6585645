import DiscordAPI
import FoundationEssentials
import OrchProtocol

/// Fetches the files of a message.
extension DiscordPerformer {
    enum Fetched: Sendable {
        case files([SubmittedFile])
        case answer(Answer)
    }

    /// Where the files of a message are is asked again each time: Discord's addresses of files are good for a day. Those of a command are told once.
    func files(of message: Snowflake, _ wish: FileWish) async -> Fetched {
        do throws(DiscordError) {
            var attachments = wish.given ?? []
            if wish.given == nil { attachments = try await rest.message(message, in: wish.channel).attachments }
            if let complaint = wish.rules.complaint(about: attachments) {
                return .answer(.impossible("the message \(complaint)"))
            }
            var files: [SubmittedFile] = []
            var room = wish.rules.bytes
            for (attachment, name) in zip(attachments, AttachmentRules.names(attachments)) {
                let bytes = try await rest.download(attachment, atMost: room)
                room -= bytes.count
                files.append(SubmittedFile(name: name, base64: Data(bytes)))
            }
            return .files(files)
        } catch .cancelled {
            return .answer(.later(0))
        } catch {
            let isPassing = error.isPassing || error == .unauthorized
            return .answer(isPassing ? .unfetched("\(error)") : .impossible("its files cannot be fetched: \(error)"))
        }
    }
}
