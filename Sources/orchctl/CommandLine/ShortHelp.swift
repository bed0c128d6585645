/// What orchctl says when it is told nothing.
enum ShortHelp {
    static let text = """
        orchctl: tasks for orchd

          orchctl submit -- make -j2        queue a command
          orchctl submit "Write a haiku"    queue a prompt for the pool's agent
          orchctl run -- make -j2           queue it, show its output, exit as it does
          orchctl status                    how things are
          orchctl list                      the newest tasks
          orchctl logs -f 42                what a task writes

        All verbs and exit statuses: orchctl --help. Something is wrong: orchctl doctor.

        """
}
