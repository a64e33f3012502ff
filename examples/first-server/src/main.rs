//! Serves an empty shelf on port 8080 of this machine.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = first_server::serve(([127, 0, 0, 1], 8080).into())?;
    println!("http://{}/books", server.local_addr());
    server.await.map_err(Into::into)
}
