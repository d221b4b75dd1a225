import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ReviewsApi;
import org.openapitools.client.model.ApiError;
import org.openapitools.client.model.GenerateDto;

/** Calls the sample with a language model by the client that openapi-generator made of its document. */
public final class Main {
  public static void main(String[] args) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(args[0]);
    ReviewsApi reviews = new ReviewsApi(client);

    GenerateDto wanted = new GenerateDto();
    wanted.setText("I really liked");
    wanted.setnWords(3);
    wanted.setSeed(1);
    String text = reviews.continueText(wanted);
    check(text.toLowerCase().startsWith("i really liked"), text);
    System.out.println("text: " + text);

    List<?> vector = reviews.encodeText("I really liked that movie!");
    check(!vector.isEmpty(), "an empty vector");
    System.out.println("numbers: " + vector.size());

    wanted.setnWords(1000);
    try {
      reviews.continueText(wanted);
      throw new AssertionError("1000 words were not refused");
    } catch (ApiException refused) {
      ApiError error = new ObjectMapper().readValue(refused.getResponseBody(), ApiError.class);
      check(refused.getCode() == 400 && error.getStatusCode() == 400, refused.getResponseBody());
      check(error.getError().equals("Bad Request"), error.getError());
      check(error.getMessage().contains("nWords"), error.toString());
      System.out.println("error: " + error.getMessage());
    }
  }

  private static void check(boolean holds, String found) {
    if (!holds) throw new AssertionError(found);
  }
}
