//! The server is started and called, with the generated client and without.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use first_server::generated::client::{Client, Error};
use first_server::generated::types::Book;
use first_server::{Shelf, serve};

fn start() -> (dropshot::HttpServer<Shelf>, String) {
    let server = serve(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", server.local_addr());
    (server, url)
}

fn book() -> Book {
    serde_json::from_str(r#"{"isbn": "9780141439600", "title": "A Tale of Two Cities", "author": "Charles Dickens", "pages": 489}"#)
        .unwrap()
}

#[tokio::test]
async fn a_book_that_is_added_is_listed_and_read() {
    let (server, url) = start();
    let client = Client::new(&url);
    client.add_book().body(book()).send().await.unwrap();
    let books = client
        .list_books()
        .author("Charles Dickens")
        .send()
        .await
        .unwrap();
    assert_eq!(books.into_inner().len(), 1);
    let none = client
        .list_books()
        .author("Jane Austen")
        .send()
        .await
        .unwrap();
    assert_eq!(none.into_inner().len(), 0);
    let read = client
        .get_book()
        .isbn("9780141439600")
        .send()
        .await
        .unwrap();
    assert_eq!(read.into_inner().title.as_str(), "A Tale of Two Cities");
    server.close().await.unwrap();
}

#[tokio::test]
async fn errors_are_the_declared_ones() {
    let (server, url) = start();
    let client = Client::new(&url);
    let missing = client
        .get_book()
        .isbn("9780141439600")
        .send()
        .await
        .unwrap_err();
    assert_eq!(missing.status().map(|status| status.as_u16()), Some(404));
    client.add_book().body(book()).send().await.unwrap();
    let again = client.add_book().body(book()).send().await.unwrap_err();
    let Error::ErrorResponse(again) = again else {
        panic!("{again:?}")
    };
    assert_eq!(
        (again.status().as_u16(), again.error.message.as_str()),
        (409, "there is such a book already")
    );
    server.close().await.unwrap();
}

#[tokio::test]
async fn what_the_document_forbids_is_refused_on_both_sides() {
    let (server, url) = start();
    let unsent = Client::new(&url)
        .get_book()
        .isbn("97801")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(unsent, Error::InvalidRequest(_)), "{unsent:?}");
    let http = reqwest::Client::new();
    for wrong in [
        r#"{"isbn": "9780141439600", "title": "", "pages": 489}"#,
        r#"{"isbn": "9780141439600", "title": "A Tale", "pages": 0}"#,
        r#"{"isbn": "9780141439600", "title": "A Tale", "pages": 489, "paegs": 1}"#,
        r#"{"isbn": "978", "title": "A Tale", "pages": 489}"#,
    ] {
        let request = http
            .post(format!("{url}/books"))
            .header("content-type", "application/json")
            .body(wrong);
        assert_eq!(request.send().await.unwrap().status(), 400, "{wrong}");
    }
    server.close().await.unwrap();
}
