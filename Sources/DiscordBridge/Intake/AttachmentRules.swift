import DiscordAPI
import Text

/// The files of a message, and what a channel takes of them.
public struct AttachmentRules: Sendable, Equatable {
    /// Bytes of all files of a message together; 0: none are taken.
    public var bytes = 8 << 20
    /// Their types, such as `image/png` or `image/*`; empty: all.
    public var types: [String] = []

    public init() {}

    /// What orchd takes at most.
    public static let most = 25 << 20

    /// Why these files are not taken, as a sentence without subject and full stop; nil where they are.
    public func complaint(about files: [Attachment]) -> String? {
        guard !files.isEmpty else { return nil }
        guard bytes > 0 else { return "has files, and this channel takes none" }
        let size = files.reduce(0) { $0.addingReportingOverflow(max(0, $1.size)).partialValue }
        guard size <= bytes, size >= 0 else {
            return "has files of \(size >> 20) MiB; this channel takes at most \(bytes >> 20) MiB"
        }
        guard let wrong = files.first(where: { !allows($0.contentType) }) else { return nil }
        let type = SafeText.line(wrong.contentType ?? "unknown").shortened(to: 60)
        let name = SafeText.line(wrong.filename).shortened(to: 80)
        return "has the file \(name) of the type \(type); this channel takes only \(types.joined(separator: ", "))"
    }

    private func allows(_ type: String?) -> Bool {
        guard !types.isEmpty else { return true }
        let type = (type ?? "").lowercased().split(separator: ";").first.map { DiscordText.trimmed(String($0)) } ?? ""
        return types.contains { pattern in
            pattern.hasSuffix("/*") ? type.hasPrefix(pattern.dropLast()) : type == pattern
        }
    }

    /// Names for the files in a directory: none leads elsewhere, none is hidden, and no two are the same.
    public static func names(_ files: [Attachment]) -> [String] {
        var taken: Set<String> = []
        return files.map { file in
            let name = safe(file.filename)
            var unique = name
            var number = 2
            while !taken.insert(unique.lowercased()).inserted {
                unique = "\(number)-\(name)"
                number += 1
            }
            return unique
        }
    }

    private static func safe(_ name: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in name.unicodeScalars.suffix(100) {
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            result.append(isPlain || "._-".unicodeScalars.contains(scalar) ? scalar : "_")
        }
        let text = String(result)
        return text.isEmpty ? "file" : "._-".contains(text.first ?? ".") ? "file" + text : text
    }
}
