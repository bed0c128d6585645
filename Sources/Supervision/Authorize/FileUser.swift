import CLinux

/// Does something with files that has just the rights of a user, if root asks (setfsuid(2)): then no capability to read what is
/// others' is needed, and nothing that the user puts in the way leads to what is not theirs.
func asFileUser<R>(_ user: uid_t, _ body: () -> R) -> R {
    let token = linux_become_file_user(user)
    defer { linux_be_oneself(token) }
    return body()
}
