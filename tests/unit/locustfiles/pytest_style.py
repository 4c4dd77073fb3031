def test_front_page(session):
    session.get("/")
