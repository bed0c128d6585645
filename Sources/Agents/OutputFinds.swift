import OrchProtocol

/// What was found in the output of an attempt, and whether that can be all.
struct OutputFinds {
    var output = OutputText(documents: [], lines: [])
    /// The whole result is there, as far as the output shows it.
    var isWhole = false
    /// Why an answer that was found would be a part of one, as in "exited with status 0, but …".
    var flaw: String?
}

extension AgentDefinition {
    func finds(in printed: AgentOutput) -> OutputFinds {
        let sources: [[UInt8]] =
            switch output.source {
            case .stdout: [printed.stdout]
            case .stderr: [printed.stderr]
            case .both: [printed.stdout, printed.stderr]
            case .file: [printed.file]
            }
        var finds = OutputFinds()
        switch output.format {
        case .text:
            let answer = sources.first { !OutputText.isBlank($0) }
            finds.isWhole = answer != nil
            // Of standard output and of a file, the answer is what is there, however long.
            if let answer, answer.count > printed.maximum, output.source == .stderr || output.source == .both {
                finds.flaw = Self.tooLong
            }
        case .json:
            let all = sources.map { json(printed.pieces(of: $0)) }
            finds = all.first(where: \.isWhole) ?? all.first { !$0.output.documents.isEmpty } ?? OutputFinds()
            finds.flaw = finds.isWhole ? nil : all.lazy.compactMap(\.flaw).first
        case .jsonl:
            let all = sources.map { lines(printed.pieces(of: $0)) }
            finds = all.first { !$0.output.documents.isEmpty } ?? all.first { $0.flaw != nil } ?? OutputFinds()
        }
        if !output.required.isEmpty {
            let lines = OutputText.lines(of: printed.stdout) + OutputText.lines(of: printed.stderr)
            if !output.required.contains(where: { $0.lastMatch(in: lines) != nil }) {
                finds.flaw =
                    finds.flaw ?? "printed no line such as \"\(output.required.first?.source ?? "")\", which a success has"
            }
        }
        return finds
    }

    private static let brokenOff = "its output ends in the middle of a JSON document"
    private static let tooLong = "its output is longer than the \(AgentOutput.defaultMaximum >> 20) MiB that orchd reads"

    /// The first complete document in which there is an answer or an error; without such, the first one.
    private func json(_ pieces: [[UInt8]]) -> OutputFinds {
        var finds = OutputFinds()
        for (index, piece) in pieces.enumerated() where !finds.isWhole {
            let bytes = EscapeCodes.removed(from: piece)
            // What continues from an earlier piece is a part of something.
            let range = index == 0 ? bytes.indices : DocumentFinder.lineAfter(bytes, bytes.indices)..<bytes.count
            DocumentFinder.documents(in: bytes, range, broken: { finds.flaw = Self.brokenOff }) { document in
                finds.isWhole = (output.text + output.error).contains { $0.finds(in: document) }
                if finds.isWhole || finds.output.documents.isEmpty { finds.output.documents = [document] }
                return !finds.isWhole
            }
        }
        return finds
    }

    /// All documents of all lines. What is lost between them may have been a part of the answer, or a later one.
    private func lines(_ pieces: [[UInt8]]) -> OutputFinds {
        var finds = OutputFinds()
        /// How many documents came before the last place where something is missing, and what that is.
        var lack = (after: -1, what: "")
        for (index, piece) in pieces.enumerated() {
            let before = finds.output.documents.count
            if index > 0 { lack = (before, Self.tooLong) }
            let (documents, breaks) = DocumentFinder.lines(in: EscapeCodes.removed(from: piece))
            if let last = breaks.last { lack = (before + last, Self.brokenOff) }
            finds.output.documents += documents
        }
        let documents = finds.output.documents
        finds.isWhole = !output.end.isEmpty && documents.contains { line in output.end.allSatisfy { $0.holds(for: line) } }
        // Of answers that are put together every part counts, else the last one.
        let isJoined = output.text.contains { $0.combination == .join }
        let last = isJoined ? nil : documents.lastIndex { document in output.text.contains { $0.finds(in: document) } }
        if lack.after > last ?? -1 {
            finds.flaw = lack.what
        } else if !output.end.isEmpty, !finds.isWhole, !documents.isEmpty {
            finds.flaw = "its output ends before its result does"
        }
        return finds
    }
}
