import DiscordAPI

/// Between what Discord says and what the bridge knows.
extension Person {
    init(_ user: User, _ member: Member?, webhook: Snowflake? = nil, bot: Snowflake) {
        let kind: Kind = user.id == bot ? .own : webhook != nil ? .webhook : user.isBot ? .bot : .human
        self.init(
            id: user.id, kind: kind, name: member?.nick ?? user.globalName ?? user.username, roles: Set(member?.roles ?? []))
    }
}

extension ChatMessage {
    /// - Parameter member: of a message that was read later, which does not bring it.
    init(_ message: Message, member: Member? = nil, bot: Snowflake) {
        self.init(
            id: message.id, channel: message.channelID,
            author: Person(message.author, message.member ?? member, webhook: message.webhookID, bot: bot),
            content: message.content, mentionsBot: message.mentions.contains { $0.id == bot },
            isOrdinary: message.kind == .ordinary || message.kind == .reply,
            answers: message.kind == .reply ? message.reference?.messageID : nil, attachments: message.attachments)
    }

    /// What a message says now; nil where only something else of it has changed, such as the preview of a link.
    init?(_ change: MessageChange, bot: Snowflake) {
        guard let author = change.author, let content = change.content, change.editedAt != nil else { return nil }
        self.init(
            id: change.id, channel: change.channelID,
            author: Person(author, change.member, webhook: change.webhookID, bot: bot), content: content)
    }
}

extension Interaction {
    /// As much of it as is needed to answer it.
    init(_ ticket: Ticket) {
        self.init(id: ticket.id, applicationID: ticket.application, token: ticket.token)
    }
}

extension InteractionResponse {
    init(_ reply: Reply) {
        switch reply {
        case .say(let content):
            var draft = MessageDraft(content)
            draft.flags.insert(.ephemeral)
            self = .message(draft)
        case .become(let content): self = .update(MessageDraft(content))
        case .choices(let choices): self = .choices(choices.map { CommandChoice($0.name, $0.value) })
        case .form(let form):
            self = .modal(
                customID: form.customID, title: form.title,
                fields: [
                    TextInput(
                        customID: Form.field, label: form.label, style: .paragraph, required: true,
                        maximumLength: MessageLimits.modalText)
                ])
        }
    }

    init(_ manner: Manner) {
        self =
            switch manner {
            case .privately: .deferred(ephemeral: true)
            case .publicly: .deferred(ephemeral: false)
            case .inPlace: .deferredUpdate
            }
    }
}

extension MessageDraft {
    init(_ content: Content) {
        self.init(
            content: content.text, embeds: content.card.map { [Embed($0)] } ?? [],
            components: Self.rows(content.buttons),
            files: content.files.map { OutgoingFile($0.name, Array($0.text.utf8), contentType: "text/markdown") },
            reply: content.answers, flags: .suppressEmbeds(of: content), calls: content.calls)
    }

    private static let rowLength = 5

    private static func rows(_ buttons: [Content.Button]) -> [Component] {
        stride(from: 0, to: buttons.count, by: rowLength).prefix(MessageLimits.rows).map { start in
            .row(buttons.dropFirst(start).prefix(rowLength).map { .button(Button($0)) })
        }
    }
}

extension MessageFlags {
    /// What somebody else has written gets no previews; a card is an embed itself and would go with them.
    fileprivate static func suppressEmbeds(of content: Content) -> MessageFlags { content.card == nil ? .suppressEmbeds : [] }
}

extension Embed {
    fileprivate init(_ card: Content.Card) {
        self.init(
            title: card.title, description: card.body, color: card.colour,
            fields: card.fields.map { Field($0.name, $0.value, inline: true) }, footer: card.footer.map { Footer($0) })
    }
}

extension Button {
    fileprivate init(_ button: Content.Button) {
        let style: Style =
            switch button.style {
            case .plain: .secondary
            case .good: .success
            case .bad: .danger
            }
        self.init(button.label, customID: button.id, style: style)
    }
}

extension Seen {
    init(_ message: Message) {
        let card = message.embeds.first
        self.init(
            id: message.id,
            mark: Content.mark(
                text: message.content, title: card?.title, footer: card?.footer?.text,
                files: message.attachments.map(\.filename)))
    }
}
