enum StubPresentation {}
