/// Whose task something is.
public enum SubmitterText {
    /// `alice`, or `orch-discord for "discord:1"`: the subject is in quotes, so that it cannot pass for a user.
    ///
    /// - Parameter userName: what a user is called; nil for a number without a name.
    public static func text(_ user: UInt32, for subject: String?, _ userName: (UInt32) -> String?) -> String {
        let name = userName(user).map(SafeText.line) ?? String(user)
        return subject.map { "\(name) for \"\(SafeText.line($0))\"" } ?? name
    }

    /// The same of the name of a row of usage: `1000`, or `995/discord:1`.
    static func text(row name: String, _ userName: (UInt32) -> String?) -> String {
        let (number, subject) = name.cut(at: "/").map { (String($0.before), String($0.after)) } ?? (name, nil)
        return UInt32(number).map { text($0, for: subject, userName) } ?? SafeText.line(name)
    }
}
